import type { Deadline, Moment } from './clocks';

/** supervisord's, and no other. */
export type State = 'STOPPED' | 'STARTING' | 'RUNNING' | 'BACKOFF' | 'STOPPING' | 'EXITED' | 'FATAL' | 'UNKNOWN';

/** How a run ended. */
export interface End {
  /** 0 to 255; 128 + the signal's number where one killed it. */
  readonly status: number;
  /** Nobody saw it end: why; empty where somebody did. */
  readonly unknown: string;
  /** Milliseconds since 1970. */
  readonly atMs: number;
  readonly ranMs: number;
}

/** What is kept of a program in every state. */
export interface Common {
  /** Counts the starts that were decided on: the last one's number, 0 before the first. */
  readonly generation: number;
  /** What was asked for last. */
  readonly wanted: 'up' | 'down';
  /** It is in its state since then. */
  readonly since: Moment;
  /** Unexpected ends whose pauses grow; forgotten after a long run. */
  readonly failures: number;
  /** Ends before it was RUNNING, in a row. */
  readonly quickEnds: number;
  /** When the last unexpected ends were, oldest first: no more than the limit needs. */
  readonly recentFailures: readonly Moment[];
  readonly lastEnd: End | undefined;
  /** When its schedule has it started next; undefined without one. */
  readonly due: Due | undefined;
}

/** A time of a schedule. */
export interface Due extends Deadline {
  /** The schedule, so that one which has been changed is found. */
  readonly of: string;
}

/** How a process is, by its checks. */
export interface Health {
  /** `starting`: nothing that counts has been said yet. */
  readonly verdict: 'starting' | 'healthy' | 'unhealthy';
  /** Checks that have failed in a row, as far as they count. */
  readonly failures: number;
  /** Of the last failure; empty without one. */
  readonly detail: string;
}

/** Why it cannot be started: there is no such file, it may not be executed, or whatever else, which may be otherwise the next time. */
export type StartFailure = 'not-found' | 'not-executable' | 'other';

/** What a process that is to end is followed by. */
export type AfterStop = 'stopped' | 'start' | 'backoff' | 'removed';

/** A program as it is written down. What is to be done next follows from it alone (`actOf`). */
export type Stored =
  | (Common & { readonly state: 'STOPPED' })
  /** It waits for others; the deadline is its dependency timeout. */
  | (Common & { readonly state: 'STARTING'; readonly phase: 'dependency'; readonly deadline: Deadline | undefined })
  /** The runtime is at work. */
  | (Common & { readonly state: 'STARTING'; readonly phase: 'start' })
  /** It is up, and has to stay so until the deadline. */
  | (Common & { readonly state: 'STARTING'; readonly phase: 'probation'; readonly deadline: Deadline; readonly upSince: Moment; readonly health: Health | undefined })
  /** It is up, and has not reported that it is ready. */
  | (Common & { readonly state: 'STARTING'; readonly phase: 'readiness'; readonly upSince: Moment; readonly health: Health | undefined })
  | (Common & { readonly state: 'RUNNING'; readonly upSince: Moment; readonly health: Health | undefined })
  | (Common & { readonly state: 'BACKOFF'; readonly deadline: Deadline; readonly reason: string })
  | (Common & Stopping)
  | (Common & { readonly state: 'EXITED' })
  /** `isTold`: what its definition wants done then has been done, or there is nothing to do. */
  | (Common & { readonly state: 'FATAL'; readonly reason: string; readonly failure: StartFailure; readonly isTold: boolean })
  | (Common & { readonly state: 'UNKNOWN'; readonly reason: string });

export interface Stopping {
  readonly state: 'STOPPING';
  /** Undefined: it may not be up yet, and hears the first signal when it is. */
  readonly upSince: Moment | undefined;
  /** Which of the policy's steps; one past the last is SIGKILL. */
  readonly step: number;
  /** The step's signal has been sent. */
  readonly isSignalled: boolean;
  /** The next step is due; undefined after SIGKILL, and before the first signal. */
  readonly deadline: Deadline | undefined;
  readonly after: AfterStop;
  /** Why it is stopped, where nobody has asked for that. */
  readonly reason: string;
}

export type StoredIn<S extends State> = Extract<Stored, { readonly state: S }>;

/** A program before anything has happened to it. */
export function newlyDefined(now: Moment): Stored {
  return { state: 'STOPPED', generation: 0, wanted: 'down', since: now, failures: 0, quickEnds: 0, recentFailures: [], lastEnd: undefined, due: undefined };
}

/** What is to be done to make true what is written: it may be done again. */
export type Act =
  | { readonly kind: 'start'; readonly generation: number }
  /** A start may be under way: nothing more of it is wanted. */
  | { readonly kind: 'call-off'; readonly generation: number }
  | { readonly kind: 'signal'; readonly generation: number; readonly step: number }
  /** Policy has given up: who is to hear of that hears it, perhaps again. */
  | { readonly kind: 'tell-fatal'; readonly generation: number };

/** Undefined: there is nothing to do but to wait. */
export function actOf(stored: Stored): Act | undefined {
  const { generation } = stored;
  if (stored.state === 'STARTING' && stored.phase === 'start') return { kind: 'start', generation };
  if (stored.state === 'FATAL' && !stored.isTold) return { kind: 'tell-fatal', generation };
  if (stored.state !== 'STOPPING') return undefined;
  if (stored.upSince === undefined) return { kind: 'call-off', generation };
  return stored.isSignalled ? undefined : { kind: 'signal', generation, step: stored.step };
}

/** Nothing of it is there, nor about to be. */
export function isOver({ state }: Stored): boolean {
  return state === 'STOPPED' || state === 'BACKOFF' || state === 'EXITED' || state === 'FATAL';
}

/** Nor is it to come up again by itself: nobody is to wait for it. */
export function isDown(stored: Stored): boolean {
  return isOver(stored) && stored.state !== 'BACKOFF';
}

/** When a `timer` event is due; undefined where none is. */
export function deadlineOf(stored: Stored): Deadline | undefined {
  return 'deadline' in stored ? stored.deadline : undefined;
}
