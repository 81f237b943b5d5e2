import { failuresWithNow, isBeyondLimit, pauseMs } from '../backoff';
import { deadlineIn } from '../clocks';
import { type Situation, commonOf } from '../situation';
import { giveUp } from './give-up';
import type { Stored } from '../state';

/** The next start has a time, which is drawn here and written down. */
export function backOff(stored: Stored, situation: Situation, reason: string): Stored {
  const { policy, now, random } = situation;
  const recentFailures = failuresWithNow(policy.restart, stored.recentFailures, now);
  const common = { ...commonOf(stored, now), failures: stored.failures + 1, recentFailures };
  if (isBeyondLimit(policy.restart, recentFailures)) return giveUp({ ...stored, failures: stored.failures + 1, recentFailures }, situation, `${reason}, too often`);
  return { ...common, state: 'BACKOFF', deadline: deadlineIn(now, pauseMs(policy.restart, stored.failures, random)), reason };
}
