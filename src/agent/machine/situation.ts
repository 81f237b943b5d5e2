import type { Clocks } from './clocks';
import type { ProgramEvent } from './event';
import type { Policy } from './policy';
import type { Common, Stored } from './state';

/** What a rule decides by, beside what is written down of the program. */
export interface Situation {
  readonly event: ProgramEvent;
  readonly policy: Policy;
  readonly now: Clocks;
  /** From 0 to 1, of this step. */
  readonly random: number;
  /** What it depends on is as it has to be. */
  readonly areDependenciesMet: boolean;
}

/** What is kept in every state, in a state that begins now. */
export function commonOf(stored: Stored, now: Clocks): Common {
  const { generation, wanted, failures, quickEnds, recentFailures, lastEnd, due } = stored;
  return { generation, wanted, since: { bootId: now.bootId, bootMs: now.bootMs, wallMs: now.wallMs }, failures, quickEnds, recentFailures, lastEnd, due };
}
