import { type Clocks, msUntil } from './clocks';
import { afterCheck } from './health';
import { msUntilDue } from './schedule';
import { type Policy, expects } from './policy';
import { type StartFailure, type Stored, deadlineOf } from './state';

/** What can happen to a program. */
export type ProgramEvent =
  /** Somebody asks for it. */
  | { readonly kind: 'start' | 'stop' | 'restart' }
  /** It has a process, which has been up for so long. */
  | { readonly kind: 'up'; readonly ranMs: number }
  /** It has reported that it is ready. */
  | { readonly kind: 'ready' }
  /** Its process is over. `unknown`: nobody saw its end, and why; empty where somebody did. */
  | { readonly kind: 'ended'; readonly status: number; readonly unknown: string }
  /** It could not be started. */
  | { readonly kind: 'start-failed'; readonly detail: string; readonly failure: StartFailure }
  /** What it depends on is as it has to be; where that is over again, it waits on. */
  | { readonly kind: 'dependencies-met' }
  | { readonly kind: 'signalled'; readonly step: number }
  | { readonly kind: 'timer' }
  /** A check has been made. */
  | { readonly kind: 'checked'; readonly isWell: boolean; readonly detail: string }
  /** It may have a schedule that it did not have: it waits for its times from now on. `isWanted`: also where nobody has asked for it. */
  | { readonly kind: 'scheduled'; readonly isWanted: boolean }
  /** A daemon comes, and a time has passed while there was none. */
  | { readonly kind: 'missed' }
  /** That policy has given up has been told. */
  | { readonly kind: 'fatal-told' }
  /** Its definition is gone. */
  | { readonly kind: 'gone' }
  /** The host has been started since. */
  | { readonly kind: 'boot' }
  /** Nobody can tell what has become of it. */
  | { readonly kind: 'lost'; readonly detail: string };

export type EventKind = ProgramEvent['kind'];

/** The columns of the table. */
export type Column =
  | 'start' | 'stop' | 'restart' | 'up' | 'passed' | 'ended-expectedly' | 'ended-unexpectedly' | 'start-failed' | 'dependencies-met'
  | 'signalled' | 'timer' | 'checked' | 'unhealthy' | 'scheduled' | 'due' | 'missed' | 'fatal-told' | 'gone' | 'boot' | 'lost';

/** What an event is to a program in this state; undefined for a timer that comes before its time. */
export function columnOf(stored: Stored, event: ProgramEvent, policy: Policy, now: Clocks): Column | undefined {
  if (event.kind === 'ready') return policy.readiness === 'report' ? 'passed' : undefined;
  if (event.kind === 'checked') return columnOfCheck(stored, event, policy, now);
  if (event.kind === 'ended') return expects(policy, event) ? 'ended-expectedly' : 'ended-unexpectedly';
  if (event.kind !== 'timer') return event.kind;
  const deadline = deadlineOf(stored);
  if (deadline === undefined || msUntil(deadline, now) > 0) return msUntilDue(stored, policy, now) === 0 ? 'due' : undefined;
  return stored.state === 'STARTING' && stored.phase === 'probation' ? 'passed' : 'timer';
}

function columnOfCheck(stored: Stored, check: Extract<ProgramEvent, { kind: 'checked' }>, policy: Policy, now: Clocks): Column {
  const isAwaited = policy.readiness === 'health' && stored.state === 'STARTING' && stored.phase === 'readiness';
  if (check.isWell) return isAwaited ? 'passed' : 'checked';
  return policy.health?.isRestarted === true && afterCheck(stored, policy, now, check)?.verdict === 'unhealthy' ? 'unhealthy' : 'checked';
}
