import { deadlineIn } from '../clocks';
import { type Situation, commonOf } from '../situation';
import type { AfterStop, Stored, Stopping } from '../state';
import { backOff } from './back-off';
import { beginAfresh } from './begin';
import { withEnd } from './end-of';

export function stop(stored: Stored, situation: Situation): Stored | undefined {
  return endIt({ ...stored, wanted: 'down' }, situation, 'stopped');
}

/** One intention: a daemon that dies in between starts it all the same. */
export function stopAndStart(stored: Stored, situation: Situation): Stored | undefined {
  return endIt({ ...stored, wanted: 'up' }, situation, 'start');
}

export function stopAndBackOff(stored: Stored, situation: Situation): Stored | undefined {
  const { event } = situation;
  if (stored.state === 'STARTING' && (stored.phase === 'dependency' || stored.phase === 'start')) return stored;
  return endIt(stored, situation, 'backoff', event.kind === 'checked' ? `unhealthy: ${event.detail}` : '');
}

export function stopAndRemove(stored: Stored, situation: Situation): Stored | undefined {
  return endIt({ ...stored, wanted: 'down' }, situation, 'removed');
}

function endIt(stored: Stored, situation: Situation, after: AfterStop, reason = ''): Stored | undefined {
  const common = commonOf(stored, situation.now);
  // Nothing of it has been begun.
  if (stored.state === 'STARTING' && stored.phase === 'dependency') return followUp(stored, situation, after, reason);
  const upSince = 'upSince' in stored ? stored.upSince : undefined;
  return { ...common, state: 'STOPPING', upSince, step: 0, isSignalled: false, deadline: undefined, after, reason };
}

/** What follows a stop, once nothing of it is there any more. */
function followUp(stored: Stored, situation: Situation, after: AfterStop, reason: string): Stored | undefined {
  switch (after) {
    case 'removed':
      return undefined;
    case 'stopped':
      return { ...commonOf(stored, situation.now), wanted: 'down', quickEnds: 0, failures: 0, recentFailures: [], state: 'STOPPED' };
    case 'start':
      return beginAfresh(stored, situation);
    case 'backoff':
      return backOff(stored, situation, reason);
  }
}

export function finishStop(stored: Stored, situation: Situation): Stored | undefined {
  if (stored.state !== 'STOPPING') return stored;
  return followUp(withEnd(stored, situation), situation, stored.after, stored.reason);
}

/** The start that was called off came to a process all the same. */
export function signalFirst(stored: Stored, { event, now }: Situation): Stored {
  if (stored.state !== 'STOPPING' || stored.upSince !== undefined) return stored;
  const ranMs = event.kind === 'up' ? event.ranMs : 0;
  return { ...stored, upSince: { bootId: now.bootId, bootMs: now.bootMs - ranMs, wallMs: now.wallMs - ranMs } };
}

/** The step's signal is sent: it has its time from now. */
export function awaitEnd(stored: Stored, { event, policy, now }: Situation): Stored {
  if (stored.state !== 'STOPPING' || event.kind !== 'signalled' || event.step !== stored.step || stored.isSignalled) return stored;
  const step = policy.stopSteps[stored.step];
  return { ...stored, isSignalled: true, deadline: step === undefined ? undefined : deadlineIn(now, step.waitMs) };
}

export function signalNext(stored: Stored, { policy }: Situation): Stored {
  if (stored.state !== 'STOPPING' || !stored.isSignalled) return stored;
  return { ...stored, step: Math.min(stored.step + 1, policy.stopSteps.length), isSignalled: false, deadline: undefined };
}

export function startAfter(stored: Stored): Stored {
  return follow(stored, 'start', 'up');
}

export function stopAfter(stored: Stored): Stored {
  return follow(stored, 'stopped', 'down');
}

export function removeAfter(stored: Stored): Stored {
  return follow(stored, 'removed', 'down');
}

/** What is gone from the definitions stays gone. */
function follow(stored: Stored, after: Stopping['after'], wanted: 'up' | 'down'): Stored {
  if (stored.state !== 'STOPPING' || stored.after === 'removed' || (stored.after === after && stored.wanted === wanted)) return stored;
  return { ...stored, after, wanted };
}

/** It waits for a new start, or nobody knows of it: not any more. */
export function giveUpWaiting(stored: Stored, situation: Situation): Stored | undefined {
  return followUp(stored, situation, 'stopped', '');
}

export function wantDown(stored: Stored): Stored {
  return stored.wanted === 'down' ? stored : { ...stored, wanted: 'down' };
}
