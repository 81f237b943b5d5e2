import { msSince } from '../clocks';
import { type Situation, commonOf } from '../situation';
import type { Stored } from '../state';
import { backOff } from './back-off';
import { begin } from './begin';
import { giveUp } from './give-up';
import { withEnd } from './end-of';

/** It ended before it was RUNNING, and with a status that is a failure. */
export function endQuickly(stored: Stored, situation: Situation): Stored {
  if (stored.state === 'STARTING' && stored.phase === 'dependency') return stored;
  if (situation.policy.oneshot) return endUnexpectedly(stored, situation);
  return backOffQuickly(withEnd(stored, situation), situation, `Exited too quickly (${endText(situation)})`);
}

/** supervisord's rule: too quick is too quick, whatever the status; unless it need not stay up at all. */
export function endQuicklyAsExpected(stored: Stored, situation: Situation): Stored {
  const { policy, now } = situation;
  if (!policy.oneshot && (policy.autorestart === 'always' || policy.startMs > 0)) return endQuickly(stored, situation);
  if (stored.state === 'STARTING' && stored.phase === 'dependency') return stored;
  return { ...commonOf(withEnd(stored, situation), now), quickEnds: 0, state: 'EXITED' };
}

export function endAsExpected(stored: Stored, situation: Situation): Stored {
  const { policy, now } = situation;
  const ended = withEnd(forgetOld(stored, situation), situation);
  if (policy.autorestart === 'always' && !policy.oneshot) return begin(ended, situation);
  return { ...commonOf(ended, now), state: 'EXITED' };
}

export function endUnexpectedly(stored: Stored, situation: Situation): Stored {
  const { policy, now } = situation;
  const ended = withEnd(forgetOld(stored, situation), situation);
  if (policy.autorestart === 'never') return { ...commonOf(ended, now), state: 'EXITED' };
  return backOff(ended, situation, `Exited unexpectedly (${endText(situation)})`);
}

/** It could not be started: not now, or not as things are. */
export function failToStart(stored: Stored, situation: Situation): Stored {
  const { event } = situation;
  if (event.kind !== 'start-failed' || stored.state !== 'STARTING' || stored.phase !== 'start') return stored;
  if (event.failure !== 'other') return giveUp(stored, situation, event.detail, event.failure);
  return backOffQuickly(stored, situation, event.detail);
}

/** Nobody can tell what has become of it: nothing is started beside it. */
export function lose(stored: Stored, { event, now }: Situation): Stored {
  return { ...commonOf(stored, now), state: 'UNKNOWN', reason: event.kind === 'lost' ? event.detail : '' };
}

/** After a long run, and where it is well, what failed before it counts no more. */
function forgetOld(stored: Stored, { policy, now }: Situation): Stored {
  if (stored.state !== 'RUNNING' || msSince(stored.since, now) < policy.restart.resetMs || (stored.health?.verdict ?? 'healthy') !== 'healthy') return stored;
  return { ...stored, failures: 0 };
}

function backOffQuickly(stored: Stored, situation: Situation, reason: string): Stored {
  const { policy } = situation;
  const quickEnds = stored.quickEnds + 1;
  if (policy.startRetries === undefined || quickEnds <= policy.startRetries) return backOff({ ...stored, quickEnds }, situation, reason);
  return giveUp({ ...stored, quickEnds, failures: stored.failures + 1 }, situation, reason);
}

function endText({ event }: Situation): string {
  if (event.kind !== 'ended') return '';
  return event.unknown === '' ? `exit status ${String(event.status)}` : event.unknown;
}
