import { type Moment, deadlineIn } from '../clocks';
import { afterCheck, unchecked } from '../health';
import type { Policy } from '../policy';
import { type Situation, commonOf } from '../situation';
import type { Health, Stored } from '../state';
import { backOff } from './back-off';
import { begin, beginAfresh } from './begin';
import { endOf } from './end-of';
import { dropMissed } from './schedules';

/** Nothing of it has lived through a start of the host. */
export function beginAtBoot(stored: Stored, situation: Situation): Stored | undefined {
  const { policy, now } = situation;
  if (stored.state === 'STOPPING' && stored.after === 'removed') return undefined;
  const lastEnd = endOf(stored, { status: 255, unknown: 'host rebooted' }, now) ?? stored.lastEnd;
  const before = { ...stored, lastEnd };
  const isWanted = policy.onReboot === 'start' ? policy.autostart : stored.wanted === 'up' && (policy.autostart || wasUp(stored));
  // It waits for its time: one that has passed is made up for, or not.
  if (policy.schedule !== undefined) return dropMissed({ ...commonOf(before, now), state: 'STOPPED' }, situation);
  if (isWanted) return beginAfresh(before, situation);
  return { ...commonOf(before, now), wanted: 'down', state: 'STOPPED' };
}

function wasUp({ state }: Stored): boolean {
  return state === 'STARTING' || state === 'RUNNING' || state === 'BACKOFF' || state === 'STOPPING';
}

export function startNow(stored: Stored, situation: Situation): Stored {
  if (stored.state !== 'STARTING' || stored.phase !== 'dependency' || !situation.areDependenciesMet) return stored;
  return begin(stored, situation);
}

/** What it depends on has not come in time. */
export function missDependency(stored: Stored, situation: Situation): Stored {
  if (stored.state !== 'STARTING' || stored.phase !== 'dependency') return stored;
  return backOff(stored, situation, 'what it depends on did not come in time');
}

/** Its start has come to a process. */
export function takeUp(stored: Stored, situation: Situation): Stored {
  return stored.state === 'STARTING' && (stored.phase === 'start' || stored.phase === 'dependency') ? probate(stored, situation) : stored;
}

/** A process of it that nobody here has started (or a lost write forgot): it is never started beside it. */
export function adopt(stored: Stored, situation: Situation): Stored {
  const { policy, now } = situation;
  return { ...commonOf(stored, now), wanted: 'up', quickEnds: 0, state: 'RUNNING', upSince: upSinceOf(situation), health: atFirst(policy) };
}

function probate(stored: Stored, situation: Situation): Stored {
  const { policy, now } = situation;
  const upSince = upSinceOf(situation);
  const common = commonOf(stored, now);
  const health = atFirst(policy);
  if (policy.oneshot) return { ...common, state: 'RUNNING', upSince, health };
  if (policy.readiness !== 'startsecs') return { ...common, state: 'STARTING', phase: 'readiness', upSince, health };
  const leftMs = policy.startMs - ranMsOf(situation);
  if (leftMs <= 0) return { ...common, quickEnds: 0, state: 'RUNNING', upSince, health };
  return { ...common, state: 'STARTING', phase: 'probation', deadline: deadlineIn(now, leftMs), upSince, health };
}

function atFirst({ health }: Policy): Health | undefined {
  return health === undefined ? undefined : unchecked;
}

function ranMsOf({ event }: Situation): number {
  return event.kind === 'up' ? event.ranMs : 0;
}

function upSinceOf(situation: Situation): Moment {
  const { bootId, bootMs, wallMs } = situation.now;
  const ranMs = ranMsOf(situation);
  return { bootId, bootMs: bootMs - ranMs, wallMs: wallMs - ranMs };
}

/** It has stayed up long enough, or says that it is ready. */
export function run(stored: Stored, { policy, event, now }: Situation): Stored {
  if (stored.state !== 'STARTING' || (stored.phase !== 'probation' && stored.phase !== 'readiness')) return stored;
  if ((stored.phase === 'probation') !== (event.kind === 'timer')) return stored;
  const health = event.kind === 'checked' ? afterCheck(stored, policy, now, event) : stored.health;
  return { ...commonOf(stored, now), quickEnds: 0, state: 'RUNNING', upSince: stored.upSince, health };
}

export function wantUp(stored: Stored): Stored {
  return stored.wanted === 'up' ? stored : { ...stored, wanted: 'up' };
}
