import { step } from '../../../../src/agent/machine/step';
import type { ProgramEvent } from '../../../../src/agent/machine/event';
import type { Policy } from '../../../../src/agent/machine/policy';
import { type State, type Stored, newlyDefined } from '../../../../src/agent/machine/state';
import { defaults, later, start } from './policies';

/** Runs these events a tenth of a second after each other; a number is so many milliseconds instead. */
function run(policy: Policy, ...events: readonly (ProgramEvent | ProgramEvent['kind'] | number)[]): Stored | undefined {
  let now = start;
  let stored: Stored | undefined = newlyDefined(now);
  for (const each of events) {
    now = later(now, typeof each === 'number' ? each : 100);
    if (typeof each === 'number' || stored === undefined) continue;
    const event = typeof each === 'string' ? named(each) : each;
    ({ stored } = step(stored, { event, policy, now, random: 0.5, areDependenciesMet: true }));
  }
  return stored;
}

function named(kind: ProgramEvent['kind']): ProgramEvent {
  if (kind === 'up') return { kind, ranMs: 0 };
  if (kind === 'ended') return { kind, status: 1, unknown: '' };
  if (kind === 'start-failed') return { kind, detail: 'no memory', failure: 'other' };
  if (kind === 'signalled') return { kind, step: 0 };
  if (kind === 'scheduled') return { kind, isWanted: true };
  if (kind === 'checked') return { kind, isWell: false, detail: 'why' };
  return kind === 'lost' ? { kind, detail: 'why' } : { kind };
}

const ended0: ProgramEvent = { kind: 'ended', status: 0, unknown: '' };
const missing: ProgramEvent = { kind: 'start-failed', detail: "can't find command", failure: 'not-found' };
const always: Policy = { ...defaults, autorestart: 'always' };
const never: Policy = { ...defaults, autorestart: 'never' };
const atOnce: Policy = { ...defaults, startMs: 0 };
const once: Policy = { ...defaults, oneshot: true };
const retries: Policy = { ...defaults, startRetries: 1 };
const checkedOnce: Policy = { ...defaults, health: { retries: 1, startPeriodMs: 0, isRestarted: true } };
const checkedTwice: Policy = { ...defaults, health: { retries: 2, startPeriodMs: 0, isRestarted: true } };
const well: ProgramEvent = { kind: 'checked', isWell: true, detail: '' };
const running = ['start', 'up', 1000, 'timer'] as const;

/** The table of the design, cell by cell; undefined: forgotten. */
const cells: readonly (readonly [name: string, policy: Policy, events: Parameters<typeof run>[1][], state: State | undefined])[] = [
  ['STOPPED, start asked', defaults, ['start'], 'STARTING'],
  ['STOPPED, stop asked', defaults, ['stop'], 'STOPPED'],
  ['STOPPED, process up', defaults, ['up'], 'RUNNING'],
  ['STOPPED, definition gone', defaults, ['gone'], undefined],
  ['STARTING, start asked', defaults, ['start', 'start'], 'STARTING'],
  ['STARTING, stop asked', defaults, ['start', 'stop'], 'STOPPING'],
  ['STARTING, process up', defaults, ['start', 'up'], 'STARTING'],
  ['STARTING, process up, no startsecs', atOnce, ['start', 'up'], 'RUNNING'],
  ['STARTING, startsecs passed', defaults, [...running], 'RUNNING'],
  ['STARTING, startsecs not passed', defaults, ['start', 'up', 100, 'timer'], 'STARTING'],
  ['STARTING, ended expectedly', defaults, ['start', 'up', ended0], 'BACKOFF'],
  ['STARTING, ended expectedly, no startsecs', atOnce, ['start', ended0], 'EXITED'],
  ['STARTING, ended expectedly, always', always, ['start', 'up', ended0], 'BACKOFF'],
  ['STARTING, ended expectedly, oneshot', once, ['start', ended0], 'EXITED'],
  ['STARTING, ended unexpectedly', defaults, ['start', 'up', 'ended'], 'BACKOFF'],
  ['STARTING, ended unexpectedly, retries left', retries, ['start', 'up', 'ended'], 'BACKOFF'],
  ['STARTING, ended unexpectedly, no retries left', retries, ['start', 'up', 'ended', 1000, 'timer', 'up', 'ended'], 'FATAL'],
  ['STARTING, start failed', defaults, ['start', 'start-failed'], 'BACKOFF'],
  ['STARTING, cannot ever start', defaults, ['start', missing], 'FATAL'],
  ['STARTING, unhealthy', checkedOnce, ['start', 'up', 'checked'], 'STOPPING'],
  ['STARTING, a check has failed, and more are to', checkedTwice, ['start', 'up', 'checked'], 'STARTING'],
  ['STARTING, a check is awaited', { ...checkedTwice, readiness: 'health' }, ['start', 'up', 'checked', 5000, 'timer', 'ready'], 'STARTING'],
  ['STARTING, the awaited check', { ...checkedTwice, readiness: 'health' }, ['start', 'up', 'checked', well], 'RUNNING'],
  ['STARTING, a report is awaited', { ...defaults, readiness: 'report' }, ['start', 'up', 5000, 'timer', well], 'STARTING'],
  ['STARTING, the awaited report', { ...defaults, readiness: 'report' }, ['start', 'up', 'ready'], 'RUNNING'],
  ['STARTING, definition gone', defaults, ['start', 'gone', 'start-failed'], undefined],
  ['RUNNING, start asked', defaults, [...running, 'start'], 'RUNNING'],
  ['RUNNING, stop asked', defaults, [...running, 'stop'], 'STOPPING'],
  ['RUNNING, ended expectedly', defaults, [...running, ended0], 'EXITED'],
  ['RUNNING, ended expectedly, always', always, [...running, ended0], 'STARTING'],
  ['RUNNING, ended unexpectedly', defaults, [...running, 'ended'], 'BACKOFF'],
  ['RUNNING, ended unexpectedly, never', never, [...running, 'ended'], 'EXITED'],
  ['RUNNING, unhealthy', checkedOnce, [...running, 'checked', 'signalled', 'ended'], 'BACKOFF'],
  ['RUNNING, unhealthy, nothing is to be done', { ...checkedOnce, health: { retries: 1, startPeriodMs: 0, isRestarted: false } }, [...running, 'checked'], 'RUNNING'],
  ['RUNNING, a check has failed, and then none', checkedTwice, [...running, 'checked', well, 'checked'], 'RUNNING'],
  ['RUNNING, unhealthy in a row', checkedTwice, [...running, well, 'checked', 'checked'], 'STOPPING'],
  ['RUNNING, definition gone', defaults, [...running, 'gone', 'signalled', 'ended'], undefined],
  ['BACKOFF, start asked', defaults, ['start', 'up', 'ended', 'start'], 'STARTING'],
  ['BACKOFF, stop asked', defaults, ['start', 'up', 'ended', 'stop'], 'STOPPED'],
  ['BACKOFF, timer', defaults, ['start', 'up', 'ended', 1000, 'timer'], 'STARTING'],
  ['BACKOFF, timer before its time', defaults, ['start', 'up', 'ended', 800, 'timer'], 'BACKOFF'],
  ['BACKOFF, definition gone', defaults, ['start', 'up', 'ended', 'gone'], undefined],
  ['STOPPING, start asked', defaults, [...running, 'stop', 'signalled', 'start', 'ended'], 'STARTING'],
  ['STOPPING, start asked, stop asked', defaults, [...running, 'stop', 'signalled', 'start', 'stop', 'ended'], 'STOPPED'],
  ['STOPPING, ended expectedly', always, [...running, 'stop', 'signalled', ended0], 'STOPPED'],
  ['STOPPING, restart', defaults, [...running, 'restart', 'signalled', 'ended'], 'STARTING'],
  ['STOPPING, start failed', defaults, ['start', 'stop', 'start-failed'], 'STOPPED'],
  ['STOPPING, definition gone', defaults, [...running, 'stop', 'gone', 'start', 'ended'], undefined],
  ['EXITED, start asked', defaults, [...running, ended0, 'start'], 'STARTING'],
  ['EXITED, stop asked', defaults, [...running, ended0, 'stop'], 'EXITED'],
  ['FATAL, start asked', defaults, ['start', missing, 'start'], 'STARTING'],
  ['FATAL, stop asked', defaults, ['start', missing, 'stop'], 'FATAL'],
  ['RUNNING, lost', defaults, [...running, 'lost'], 'UNKNOWN'],
  ['UNKNOWN, found', defaults, [...running, 'lost', 'up'], 'RUNNING'],
  ['UNKNOWN, ended', defaults, [...running, 'lost', 'ended'], 'BACKOFF'],
  ['UNKNOWN, stop asked', defaults, [...running, 'lost', 'stop'], 'STOPPED'],
];

test.each(cells)('%s', (_name, policy, events, state) => {
  expect(run(policy, ...events)?.state).toBe(state);
});

describe('what is kept', () => {
  test('each unexpected end makes the next pause longer, also one that ran a while', () => {
    const crash = [1000, 'timer', 500, 'ended'] as const;
    const stored = run(defaults, 'start', 'up', ...crash, 1100, 'timer', 'up', ...crash, 2000, 'timer', 'up', ...crash);
    expect(stored).toMatchObject({ state: 'BACKOFF', failures: 3, quickEnds: 0, deadline: { spanMs: 4000 } });
  });

  test('after a minute RUNNING the pause is short again', () => {
    const stored = run(defaults, 'start', 'up', 'ended', 1000, 'timer', 'up', 1000, 'timer', 60_000, 'ended');
    expect(stored).toMatchObject({ state: 'BACKOFF', failures: 1, deadline: { spanMs: 1000 } });
  });

  test('who asks for a start during a pause does not make the next one shorter, and after FATAL does', () => {
    expect(run(defaults, 'start', 'up', 'ended', 'start')).toMatchObject({ state: 'STARTING', failures: 1 });
    expect(run({ ...defaults, startRetries: 0 }, 'start', 'up', 'ended', 'start')).toMatchObject({ state: 'STARTING', failures: 0, quickEnds: 0 });
  });

  test('a stop goes through its steps, and SIGKILL is the last', () => {
    const steps: Policy = { ...defaults, stopSteps: [{ signal: 2, waitMs: 500 }, { signal: 15, waitMs: 700 }] };
    const second = run(steps, ...running, 'stop', 'signalled', 500, 'timer');
    expect(second).toMatchObject({ state: 'STOPPING', step: 1, isSignalled: false });
    const third = run(steps, ...running, 'stop', 'signalled', 500, 'timer', { kind: 'signalled', step: 1 }, 700, 'timer', { kind: 'signalled', step: 2 });
    expect(third).toMatchObject({ state: 'STOPPING', step: 2, isSignalled: true, deadline: undefined });
  });

  test('a stop by hand outlives a start of the host only where that is asked for', () => {
    const byHand = [...running, 'stop', 'signalled', 'ended', 'boot'] as const;
    expect(run(defaults, ...byHand)?.state).toBe('STARTING');
    expect(run({ ...defaults, onReboot: 'laststate' }, ...byHand)?.state).toBe('STOPPED');
    expect(run({ ...defaults, autostart: false }, ...running, 'boot')).toMatchObject({ state: 'STOPPED', lastEnd: { unknown: 'host rebooted' } });
    expect(run({ ...defaults, autostart: false, onReboot: 'laststate' }, ...running, 'boot')?.state).toBe('STARTING');
  });

  test('the last end says how long it ran', () => {
    expect(run(defaults, 'start', 'up', 300, 'ended')).toMatchObject({ lastEnd: { status: 1, ranMs: 400 } });
  });
});

describe('a program that is given up', () => {
  test('is told of until somebody has heard of it, and not where nobody is to', () => {
    const command: Policy = { ...defaults, onFatal: 'command' };
    expect(run(defaults, 'start', missing)).toMatchObject({ state: 'FATAL', failure: 'not-found', isTold: true });
    expect(run(command, 'start', missing)).toMatchObject({ state: 'FATAL', isTold: false });
    expect(run(command, 'start', missing, 'fatal-told')).toMatchObject({ state: 'FATAL', isTold: true });
  });

  test('is tried again by the next daemon, where it was the end of this one', () => {
    const told = run({ ...defaults, onFatal: 'shutdown', startRetries: 0 }, 'start', 'up', 'ended', 'fatal-told');
    expect(told).toMatchObject({ state: 'BACKOFF', failures: 0, quickEnds: 0, deadline: { spanMs: 60_000 } });
  });
});

describe('a schedule', () => {
  const every: Policy = { ...defaults, oneshot: true, schedule: { when: { is: 'every', everyMs: 60_000 }, missed: 'run-once', overlap: 'skip', timezone: undefined } };
  const withSchedule = (change: Partial<NonNullable<Policy['schedule']>>): Policy => ({ ...every, schedule: every.schedule && { ...every.schedule, ...change } });
  const queue = withSchedule({ overlap: 'queue' });

  test('is waited for, and then begins a run', () => {
    expect(run(every, 'scheduled', 59_000, 'timer')).toMatchObject({ state: 'STOPPED', wanted: 'up' });
    const begun = run(every, 'scheduled', 60_000, 'timer');
    expect(begun).toMatchObject({ state: 'STARTING', generation: 1, due: { wallMs: start.wallMs + 100 + 120_000 } });
    expect(run(every, 'scheduled', 60_000, 'timer', ended0, 60_000, 'timer')).toMatchObject({ state: 'STARTING', generation: 2 });
  });

  test('passes while the last run is not over, or is made up for after it', () => {
    const long = ['scheduled', 60_000, 'timer', 'up', 150_000, 'timer'] as const;
    expect(run(every, ...long)).toMatchObject({ state: 'RUNNING', generation: 1, due: { wallMs: start.wallMs + 100 + 240_000 } });
    expect(run(every, ...long, ended0, 'timer')).toMatchObject({ state: 'EXITED' });
    expect(run(queue, ...long)).toMatchObject({ state: 'RUNNING', due: { wallMs: start.wallMs + 100 + 120_000 } });
    expect(run(queue, ...long, ended0, 'timer')).toMatchObject({ state: 'STARTING', generation: 2, due: { wallMs: start.wallMs + 100 + 240_000 } });
  });

  test('is not heeded after a stop by hand, until it is started again', () => {
    const stopped = ['scheduled', 'stop', 60_000, 'timer'] as const;
    expect(run(every, ...stopped)).toMatchObject({ state: 'STOPPED', wanted: 'down' });
    expect(run(every, ...stopped, 'start', ended0, 60_000, 'timer')).toMatchObject({ state: 'STARTING', generation: 2 });
  });

  test('what was missed is made up for once, or not at all', () => {
    const missed = ['scheduled', 300_000, 'missed', 'timer'] as const;
    expect(run(every, ...missed)).toMatchObject({ state: 'STARTING', generation: 1, due: { wallMs: start.wallMs + 100 + 360_000 } });
    expect(run(withSchedule({ missed: 'skip' }), ...missed)).toMatchObject({ state: 'STOPPED', due: { wallMs: start.wallMs + 100 + 360_000 } });
    expect(run(withSchedule({ missed: 'skip' }), 'scheduled', 300_000, 'boot', 'timer')).toMatchObject({ state: 'STOPPED' });
  });

  test('does not begin with the host, and a run that it has cut off is not begun again', () => {
    expect(run(every, 'scheduled', 60_000, 'timer', 'up', 'boot')).toMatchObject({ state: 'STOPPED', wanted: 'up', lastEnd: { unknown: 'host rebooted' } });
  });

  test('of the calendar goes by the wall clock, and one by a span does not', () => {
    const daily = withSchedule({ when: { is: 'cron', expression: '0 4 * * *' }, timezone: 'UTC' });
    for (const [policy, state] of [[daily, 'STARTING'], [every, 'STOPPED']] as const) {
      const stored = run(policy, 'scheduled');
      if (stored === undefined) throw new Error('forgotten');
      const set = { ...later(start, 200), wallMs: start.wallMs + 86_400_000 };
      expect(step(stored, { event: { kind: 'timer' }, policy, now: set, random: 0.5, areDependenciesMet: true }).stored).toMatchObject({ state });
    }
  });

  test('that is another one now has its own times, and none where it is gone', () => {
    const stored = run(every, 'scheduled');
    if (stored === undefined) throw new Error('forgotten');
    const then = (policy: Policy): Stored | undefined => step(stored, { event: { kind: 'scheduled', isWanted: false }, policy, now: later(start, 1000), random: 0.5, areDependenciesMet: true }).stored;
    expect(then(every)).toBe(stored);
    expect(then(withSchedule({ when: { is: 'every', everyMs: 5000 } }))).toMatchObject({ due: { wallMs: start.wallMs + 6000 } });
    expect(then(defaults)).toMatchObject({ due: undefined });
  });
});

describe('health', () => {
  const patient: Policy = { ...defaults, health: { retries: 1, startPeriodMs: 5000, isRestarted: false } };
  const healthAfter = (policy: Policy, ...events: Parameters<typeof run>[1][]): unknown => run(policy, ...running, ...events);

  test('failures in the start period do not count, and a success does', () => {
    expect(healthAfter(patient, 'checked')).toMatchObject({ health: { verdict: 'starting', failures: 0 } });
    expect(healthAfter(patient, well)).toMatchObject({ health: { verdict: 'healthy' } });
    expect(healthAfter(patient, 5000, 'checked')).toMatchObject({ health: { verdict: 'unhealthy', failures: 1, detail: 'why' } });
  });

  test('what is unhealthy and runs on may get well again; more failures are nothing new, but for why it is so now', () => {
    const unhealthy = run(patient, ...running, 5000, 'checked');
    if (unhealthy === undefined) throw new Error('forgotten');
    const then = (event: ProgramEvent): Stored | undefined => step(unhealthy, { event, policy: patient, now: later(start, 9000), random: 0.5, areDependenciesMet: true }).stored;
    expect(then({ kind: 'checked', isWell: false, detail: 'why' })).toBe(unhealthy);
    expect(then({ kind: 'checked', isWell: false, detail: 'another reason' })).toMatchObject({ health: { verdict: 'unhealthy', failures: 1, detail: 'another reason' } });
    expect(then(well)).toMatchObject({ health: { verdict: 'healthy', failures: 0, detail: '' } });
  });

  test('a minute RUNNING makes the pause short again only where it was healthy', () => {
    const again = ['start', 'up', 'ended', 1000, 'timer', 'up', 1000, 'timer'] as const;
    expect(run(checkedTwice, ...again, 60_000, 'ended')).toMatchObject({ failures: 2 });
    expect(run(checkedTwice, ...again, well, 60_000, 'ended')).toMatchObject({ failures: 1 });
  });

  test('why it was stopped is said while it waits for its next start', () => {
    expect(run(checkedOnce, ...running, 'checked', 'signalled', 'ended')).toMatchObject({ state: 'BACKOFF', reason: 'unhealthy: why' });
  });
});

describe('waiting for others', () => {
  const waiting = (policy: Policy): Stored | undefined => step(newlyDefined(start), { event: { kind: 'start' }, policy, now: start, random: 0.5, areDependenciesMet: false }).stored;
  const then = (stored: Stored | undefined, event: ProgramEvent, ms = 0, policy = defaults): Stored | undefined =>
    stored && step(stored, { event, policy, now: later(start, ms), random: 0.5, areDependenciesMet: false }).stored;

  test('has no process, and so a stop is over at once', () => {
    expect(waiting(defaults)).toMatchObject({ state: 'STARTING', phase: 'dependency', generation: 0 });
    expect(then(waiting(defaults), { kind: 'stop' })).toMatchObject({ state: 'STOPPED', wanted: 'down' });
    expect(then(waiting(defaults), { kind: 'gone' })).toBeUndefined();
  });

  test('ends with what it waits for, or with its time', () => {
    const stored = waiting(defaults);
    expect(then(stored, { kind: 'dependencies-met' })).toBe(stored);
    const met = stored && step(stored, { event: { kind: 'dependencies-met' }, policy: defaults, now: start, random: 0.5, areDependenciesMet: true }).stored;
    expect(met).toMatchObject({ state: 'STARTING', phase: 'start', generation: 1 });
    const inTime = { ...defaults, dependencyTimeoutMs: 2000 };
    expect(then(waiting(inTime), { kind: 'timer' }, 1999, inTime)).toMatchObject({ phase: 'dependency' });
    expect(then(waiting(inTime), { kind: 'timer' }, 2000, inTime)).toMatchObject({ state: 'BACKOFF' });
  });
});
