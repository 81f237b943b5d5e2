import { rmSync } from 'node:fs';

import { type Container, State } from '../../../src/api/gen/holdfast/v1/containers';
import { programKey } from '../../../src/programs/name';
import { keptDirectory } from '../../../src/runtime/kept-output/kept-output';
import { processOf } from '../../support/processes';
import type { Kind } from './kinds';
import { Traces } from './traces';

/** One process of the soak, with what was asked of it. */
export class SoakProgram {
  readonly traces: Traces;
  /** Generations that were sent SIGKILL. */
  readonly killed = new Set<number>();
  /** Those that ended with the host. */
  readonly rebooted = new Set<number>();
  /** Those whose last output may have gone with the host. */
  readonly mayLack = new Set<number>();
  /** What may have ended it, how often: also what nobody has answered. */
  asked = 0;
  wantsUp = true;
  /** Of its definition, where that has one. */
  version = '';

  /** @param fullName as clients name it @param place of the files that the scripts write */
  constructor(readonly kind: Kind, readonly fullName: string, readonly place: string, private readonly root: string) {
    this.traces = new Traces(place, fullName.slice(fullName.indexOf(':') + 1));
  }

  /** What is not as it has to be while nothing is done to it; undefined: all is. */
  restlessness(listed: Container | undefined): string | undefined {
    if (listed === undefined) return `${this.fullName} is forgotten`;
    const { state, pid, reason } = listed;
    const rests = this.wantsUp ? this.kind.rests : [State.STOPPED];
    if (!rests.includes(state)) return `${this.fullName} is ${State[state]} ${reason}`;
    if (state !== State.RUNNING || this.kind.endsItself === true) return undefined;
    const run = this.traces.runs().at(-1);
    if (run?.pid !== pid || processOf(pid) === undefined) return `${this.fullName} is said to run as ${String(pid)}, and has begun as ${String(run?.pid)}`;
    return run.version === this.version ? undefined : `${this.fullName} is of version ${run.version} still`;
  }

  /** All that is wrong with what it has written. @param isOver nothing of it runs any more */
  complaints(isOver: boolean): readonly string[] {
    const excuses = { killed: new Set([...this.killed, ...this.rebooted]), asked: this.asked };
    const kept = keptDirectory(this.root, programKey(this.fullName));
    return [...this.traces.complaintsOfEnds(this.kind, excuses), ...this.traces.complaintsOfOutput(kept, isOver, this.mayLack)];
  }

  /** It is forgotten, and its output with it: one of that name is another one. */
  forget(): void {
    for (const file of ['runs', 'written', 'lock']) rmSync(`${this.place}/${this.traces.process}.${file}`, { force: true });
    this.killed.clear();
  }
}
