import type { RestartPolicy, Schedule, StopStep } from '../definitions/definition';

export type { RestartPolicy, StopStep };

/** What a program's definition says of its life: all that the state machine asks of it. */
export interface Policy {
  /** Started when the agent first sees it, and when the host has started. */
  readonly autostart: boolean;
  /** `laststate`: what was stopped by hand stays stopped over a start of the host. */
  readonly onReboot: 'start' | 'laststate';
  readonly autorestart: 'unexpected' | 'always' | 'never';
  /** Exit statuses (128 + n for signal n) that are no failure. */
  readonly expectedStatuses: ReadonlySet<number>;
  /** How long it must have been up to be RUNNING. */
  readonly startMs: number;
  /** Quick ends in a row after which it is started again; with one more it is FATAL. Undefined: for ever. */
  readonly startRetries: number | undefined;
  /** Its ends are normal: RUNNING at once, and until it ends. */
  readonly oneshot: boolean;
  /** What makes it RUNNING: that it stays up, that a check says it is well, or that it reports so itself. */
  readonly readiness: 'startsecs' | 'health' | 'report';
  /** Undefined: nothing checks it. */
  readonly health: { readonly retries: number; readonly startPeriodMs: number; readonly isRestarted: boolean } | undefined;
  /** Undefined: it waits for what it depends on for ever. */
  readonly dependencyTimeoutMs: number | undefined;
  readonly restart: RestartPolicy;
  /** What its end as FATAL is followed by: nothing, a command that hears of it, or the end of all. */
  readonly onFatal: 'none' | 'command' | 'shutdown';
  /** Undefined: nobody but others start it. */
  readonly schedule: Schedule | undefined;
  /** At least one; after the last comes SIGKILL. */
  readonly stopSteps: readonly StopStep[];
}

/** Whether an end is no failure. */
export function expects({ expectedStatuses }: Policy, { status, unknown }: { readonly status: number; readonly unknown: string }): boolean {
  return unknown === '' && expectedStatuses.has(status);
}
