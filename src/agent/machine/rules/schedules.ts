import { dueAfter, isAsScheduled, msUntilDue } from '../schedule';
import type { Situation } from '../situation';
import type { Stored } from '../state';
import { beginAfresh } from './begin';

/** From now on it waits for the times of its schedule; where it has none, for none. */
export function awaitSchedule(stored: Stored, { event, policy, now }: Situation): Stored {
  const isWanted = event.kind === 'scheduled' && event.isWanted;
  if (isAsScheduled(stored, policy)) return stored;
  return { ...stored, wanted: isWanted ? 'up' : stored.wanted, due: dueAfter(stored.due, policy, now) };
}

/** Its time has come; what was stopped by hand lets it pass. */
export function beginAsDue(stored: Stored, situation: Situation): Stored {
  const passed = passDue(stored, situation);
  return stored.wanted === 'up' ? beginAfresh(passed, situation) : passed;
}

/** It is at work already, or waits for its next try. */
export function passDue(stored: Stored, { policy, now }: Situation): Stored {
  return { ...stored, due: dueAfter(stored.due, policy, now) };
}

/** Whether times are made up for that have passed while there was no daemon, its schedule says. */
export function dropMissed(stored: Stored, situation: Situation): Stored {
  const { policy, now } = situation;
  return policy.schedule?.missed === 'skip' && msUntilDue(stored, policy, now) === 0 ? passDue(stored, situation) : stored;
}
