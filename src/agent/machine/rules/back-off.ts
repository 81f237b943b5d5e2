import { failuresWithNow, isBeyondLimit, pauseMs } from '../backoff';
import { deadlineIn } from '../clocks';
import { type Situation, commonOf } from '../situation';
import type { Stored } from '../state';

/** The next start has a time, which is drawn here and written down. */
export function backOff(stored: Stored, { policy, now, random }: Situation, reason: string): Stored {
  const recentFailures = failuresWithNow(policy.restart, stored.recentFailures, now);
  const common = { ...commonOf(stored, now), failures: stored.failures + 1, recentFailures };
  if (isBeyondLimit(policy.restart, recentFailures)) return { ...common, state: 'FATAL', reason: `${reason}, too often` };
  return { ...common, state: 'BACKOFF', deadline: deadlineIn(now, pauseMs(policy.restart, stored.failures, random)), reason };
}
