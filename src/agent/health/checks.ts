import type { LookupFunction } from 'node:net';
import PQueue from 'p-queue';
import { viewOf } from '../../programs/list';
import { programKey } from '../../programs/name';
import type { ProgramParts } from '../../programs/parts';
import { messageOf } from '../../sys/thrown';
import { withDeadline } from '../../sys/with-deadline';
import type { Health } from '../definitions/definition';
import { type CheckResult, failing } from './check-result';
import { checkExec } from './exec-check';
import { checkHttp } from './http-check';
import { checkTcp } from './tcp-check';

/** More wait for their turn: of a host with hundreds of programs, too. */
const checksAtOnce = 32;

/** Makes the health checks of all programs: a bounded number at once, each within its time. */
export class Checks {
  readonly #checks = new PQueue({ concurrency: checksAtOnce });

  /** @param lookup for names, a bounded number at once */
  constructor(private readonly programs: ProgramParts, private readonly lookup: LookupFunction) {}

  /** Never rejects. @returns undefined where it cannot be made: the program is paused, or nobody wants it any more */
  async make(name: string, health: Health, cancel: AbortSignal): Promise<CheckResult | undefined> {
    return this.#checks.add(() => this.#make(name, health, cancel));
  }

  async #make(name: string, health: Health, cancel: AbortSignal): Promise<CheckResult | undefined> {
    if (cancel.aborted || (await viewOf(this.programs, programKey(name)))?.state !== 'running') return undefined;
    const tooLate = failing(`no answer within ${String(health.timeoutMs / 1000)} s`);
    const result = await withDeadline(health.timeoutMs, cancel, async (signal) => {
      try {
        const said = await this.#look(name, health, signal);
        return signal.aborted && !said.isWell ? tooLate : said;
      } catch (error) {
        return signal.aborted ? tooLate : failing(messageOf(error));
      }
    });
    return cancel.aborted ? undefined : result;
  }

  #look(name: string, { check }: Health, signal: AbortSignal): Promise<CheckResult> {
    switch (check.is) {
      case 'exec':
        return checkExec(this.programs, name, check.command, signal);
      case 'http':
        return checkHttp(check, this.lookup, signal);
      case 'tcp':
        return checkTcp(check.address, this.lookup, signal);
      case 'notify':
        return Promise.resolve(failing('it has not reported in time'));
    }
  }
}
