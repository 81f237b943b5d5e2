import PQueue from 'p-queue';
import { viewOf } from '../../programs/list';
import { programKey } from '../../programs/name';
import type { ProgramParts } from '../../programs/parts';
import { messageOf } from '../../sys/thrown';
import type { Health } from '../definitions/definition';
import { type CheckResult, failing } from './check-result';
import { checkExec } from './exec-check';
import { checkHttp } from './http-check';
import { queuedLookup } from './lookup';
import { checkTcp } from './tcp-check';

/** More wait for their turn: of a host with hundreds of programs, too. */
const checksAtOnce = 32;

/** Makes the health checks of all programs: a bounded number at once, each within its time. */
export class Checks {
  readonly #checks = new PQueue({ concurrency: checksAtOnce });
  readonly #lookup = queuedLookup();

  constructor(private readonly programs: ProgramParts) {}

  /** Never rejects. @returns undefined where it cannot be made: the program is paused, or nobody wants it any more */
  async make(name: string, health: Health, cancel: AbortSignal): Promise<CheckResult | undefined> {
    return this.#checks.add(() => this.#make(name, health, cancel));
  }

  async #make(name: string, health: Health, cancel: AbortSignal): Promise<CheckResult | undefined> {
    if (cancel.aborted || (await viewOf(this.programs, programKey(name)))?.state !== 'running') return undefined;
    const timeout = new AbortController();
    const timer = setTimeout(() => { timeout.abort(); }, health.timeoutMs);
    try {
      const result = await this.#look(name, health, AbortSignal.any([cancel, timeout.signal]));
      if (cancel.aborted) return undefined;
      return timeout.signal.aborted && !result.isWell ? failing(`no answer within ${String(health.timeoutMs / 1000)} s`) : result;
    } catch (error) {
      return cancel.aborted ? undefined : failing(timeout.signal.aborted ? `no answer within ${String(health.timeoutMs / 1000)} s` : messageOf(error));
    } finally {
      clearTimeout(timer);
    }
  }

  #look(name: string, { check }: Health, signal: AbortSignal): Promise<CheckResult> {
    switch (check.is) {
      case 'exec':
        return checkExec(this.programs, name, check.command, signal);
      case 'http':
        return checkHttp(check, this.#lookup, signal);
      case 'tcp':
        return checkTcp(check.address, this.#lookup, signal);
      case 'notify':
        return Promise.resolve(failing('it has not reported in time'));
    }
  }
}
