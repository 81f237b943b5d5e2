import { columnOf } from './event';
import { rules, type Rule } from './rules';
import type { Situation } from './situation';
import { type Act, type Stored, actOf } from './state';
import { table } from './table';

/** What becomes of a program. */
export interface Step {
  /** To be written down before anything is done. The same object as before: nothing has changed. Undefined: it is forgotten. */
  readonly stored: Stored | undefined;
  /** To be done once that is written; undefined: nothing new. */
  readonly act: Act | undefined;
}

/** The state machine: what an event does to a program. Depends on its arguments alone, and changes nothing. */
export function step(stored: Stored, situation: Situation): Step {
  const column = columnOf(stored, situation.event, situation.policy, situation.now);
  if (column === undefined) return { stored, act: undefined };
  const rule: Rule = rules[table[stored.state][column]];
  const next = rule(stored, situation);
  if (next === stored || next === undefined) return { stored: next, act: undefined };
  const act = actOf(next);
  return { stored: next, act: isSame(act, actOf(stored)) ? undefined : act };
}

function isSame(a: Act | undefined, b: Act | undefined): boolean {
  return a?.kind === b?.kind && a?.generation === b?.generation && (a?.kind !== 'signal' || b?.kind !== 'signal' || a.step === b.step);
}
