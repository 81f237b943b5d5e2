import type { Policy } from '../../../../src/agent/machine/policy';
import type { Clocks } from '../../../../src/agent/machine/clocks';
import type { Schedule } from '../../../../src/agent/definitions/definition';
import { fc } from '../../../support/property';

/** The defaults of definitions. */
export const defaults: Policy = {
  autostart: true,
  onReboot: 'start',
  autorestart: 'unexpected',
  expectedStatuses: new Set([0]),
  startMs: 1000,
  startRetries: undefined,
  oneshot: false,
  readiness: 'startsecs',
  health: undefined,
  dependencyTimeoutMs: undefined,
  onFatal: 'none',
  schedule: undefined,
  restart: { initialMs: 1000, maxMs: 60_000, factor: 2, jitter: 0.2, resetMs: 60_000, limit: undefined },
  stopSteps: [{ signal: 15, waitMs: 10_000 }],
};

export const start: Clocks = { bootId: 'boot-1', bootMs: 5_000_000, wallMs: 1_700_000_000_000 };

export function later(now: Clocks, ms: number): Clocks {
  return { bootId: now.bootId, bootMs: now.bootMs + ms, wallMs: now.wallMs + ms };
}

/** Any policy that a definition can ask for. */
export const policies: fc.Arbitrary<Policy> = fc.record<Policy>({
  autostart: fc.boolean(),
  onReboot: fc.constantFrom('start', 'laststate'),
  autorestart: fc.constantFrom('unexpected', 'always', 'never'),
  expectedStatuses: fc.constantFrom(new Set([0]), new Set([0, 2]), new Set<number>()),
  startMs: fc.constantFrom(0, 1000, 5000),
  startRetries: fc.constantFrom(undefined, 0, 1, 3),
  oneshot: fc.boolean(),
  readiness: fc.constantFrom('startsecs', 'report'),
  health: fc.constantFrom(undefined, { retries: 1, startPeriodMs: 0, isRestarted: true }, { retries: 2, startPeriodMs: 5000, isRestarted: true }, { retries: 1, startPeriodMs: 0, isRestarted: false }),
  dependencyTimeoutMs: fc.constantFrom(undefined, 3000),
  onFatal: fc.constantFrom('none', 'command', 'shutdown'),
  schedule: fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, fc.record<Schedule>({
    when: fc.constantFrom({ is: 'every', everyMs: 3000 }, { is: 'cron', expression: '* * * * *' }),
    missed: fc.constantFrom('run-once', 'skip'),
    overlap: fc.constantFrom('skip', 'queue'),
    timezone: fc.constant('UTC'),
  })),
  restart: fc.record({
    initialMs: fc.constantFrom(0, 1, 1000),
    maxMs: fc.constantFrom(1000, 60_000),
    factor: fc.constantFrom(1, 2, 10),
    jitter: fc.constantFrom(0, 0.2, 1),
    resetMs: fc.constantFrom(1000, 60_000),
    limit: fc.constantFrom(undefined, { count: 2, withinMs: 10_000 }),
  }),
  stopSteps: fc.constantFrom([{ signal: 15, waitMs: 10_000 }], [{ signal: 2, waitMs: 5000 }, { signal: 15, waitMs: 0 }]),
}).map((policy) => (policy.health !== undefined && policy.readiness === 'report' && policy.health.retries === 2 ? { ...policy, readiness: 'health' } : policy));
