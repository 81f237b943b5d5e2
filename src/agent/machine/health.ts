import { type Clocks, msSince } from './clocks';
import type { Policy } from './policy';
import type { Health, Stored } from './state';

/** Before the first check has said something that counts. */
export const unchecked: Health = { verdict: 'starting', failures: 0, detail: '' };

/** How it is, by its checks; undefined where nothing checks it, or it is not up. */
export function healthOf(stored: Stored): Health | undefined {
  return 'health' in stored ? stored.health : undefined;
}

/** Whether a failure does not count yet. */
export function isInStartPeriod(stored: Stored, { health }: Policy, now: Clocks): boolean {
  const upSince = 'upSince' in stored ? stored.upSince : undefined;
  return health !== undefined && upSince !== undefined && msSince(upSince, now) < health.startPeriodMs;
}

/** How it is after a check. More failures than make it unhealthy are not counted: nothing would come of writing them down. The last one says why. */
export function afterCheck(stored: Stored, policy: Policy, now: Clocks, { isWell, detail }: { readonly isWell: boolean; readonly detail: string }): Health | undefined {
  const before = healthOf(stored);
  if (policy.health === undefined || !('upSince' in stored)) return before;
  if (isWell) return before?.verdict === 'healthy' && before.failures === 0 ? before : { verdict: 'healthy', failures: 0, detail: '' };
  if (isInStartPeriod(stored, policy, now)) return before;
  const { verdict, failures } = before ?? unchecked;
  if (before?.verdict === 'unhealthy') return before.detail === detail ? before : { ...before, detail };
  return { verdict: failures + 1 >= policy.health.retries ? 'unhealthy' : verdict, failures: failures + 1, detail };
}
