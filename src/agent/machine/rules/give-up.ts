import { deadlineIn } from '../clocks';
import { type Situation, commonOf } from '../situation';
import type { StartFailure, Stored, StoredIn } from '../state';

/** Policy gives up, or it cannot ever start. */
export function giveUp(stored: Stored, { policy, now }: Situation, reason: string, failure: StartFailure = 'other'): StoredIn<'FATAL'> {
  return { ...commonOf(stored, now), state: 'FATAL', reason, failure, isTold: policy.onFatal === 'none' };
}

/** Once. With the end of all it is no more given up than all the rest: who starts the daemon again wants all of it. */
export function noteTold(stored: Stored, { policy, now }: Situation): Stored {
  if (stored.state !== 'FATAL' || stored.isTold) return stored;
  if (policy.onFatal !== 'shutdown') return { ...stored, isTold: true };
  const { reason } = stored;
  return { ...commonOf(stored, now), failures: 0, quickEnds: 0, recentFailures: [], state: 'BACKOFF', deadline: deadlineIn(now, policy.restart.maxMs), reason };
}
