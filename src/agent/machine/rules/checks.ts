import { afterCheck, healthOf } from '../health';
import type { Situation } from '../situation';
import type { Stored } from '../state';

/** A check has said how it is: its state is the same. */
export function noteCheck(stored: Stored, { event, policy, now }: Situation): Stored {
  if (event.kind !== 'checked') return stored;
  const health = afterCheck(stored, policy, now, event);
  if (health === healthOf(stored)) return stored;
  if (stored.state === 'RUNNING') return { ...stored, health };
  if (stored.state === 'STARTING' && (stored.phase === 'probation' || stored.phase === 'readiness')) return { ...stored, health };
  return stored;
}
