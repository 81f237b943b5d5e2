import { fieldsOf } from '../../../../src/daemon/metrics/interval-log';
import { Metrics } from '../../../../src/daemon/metrics/metrics';
import { memoryOf, provideProcessGauges } from '../../../../src/daemon/metrics/memory';
import { Timer } from '../../../../src/daemon/metrics/timer';
import { fc } from '../../../support/property';

describe('Timer', () => {
  test('says 0 where nothing was timed', () => {
    expect(new Timer().figures()).toEqual({
      count: 0, sumMs: 0, minMs: 0, maxMs: 0, meanMs: 0, p50Ms: 0, p95Ms: 0, p99Ms: 0,
    });
  });

  test('a hundred durations', () => {
    const timer = new Timer();
    for (let ms = 100; ms >= 1; ms -= 1) timer.add(ms);
    expect(timer.figures()).toEqual({
      count: 100, sumMs: 5050, minMs: 1, maxMs: 100, meanMs: 50.5, p50Ms: 50, p95Ms: 95, p99Ms: 99,
    });
  });

  test('what is no duration does no harm', () => {
    const timer = new Timer();
    for (const ms of [NaN, Infinity, -5]) timer.add(ms);
    expect(timer.figures()).toMatchObject({ count: 1, sumMs: 0, minMs: 0, maxMs: 0 });
  });

  test('figures are in order, percentiles from the last 1,024', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 3_000 }), (all) => {
        const timer = new Timer();
        for (const ms of all) timer.add(ms);
        const { count, minMs, maxMs, p50Ms, p95Ms, p99Ms } = timer.figures();
        const recent = all.slice(-1_024);
        expect(count).toBe(all.length);
        expect(minMs).toBe(Math.min(...all));
        expect(maxMs).toBe(Math.max(...all));
        expect(p50Ms).toBeLessThanOrEqual(p95Ms);
        expect(p95Ms).toBeLessThanOrEqual(p99Ms);
        expect(recent.filter((ms) => ms <= p99Ms).length).toBeGreaterThanOrEqual(recent.length * 0.99);
        expect(recent).toContain(p50Ms);
      }),
      { numRuns: 50 },
    );
  });
});

describe('Metrics', () => {
  test('a snapshot has what was recorded, counted and provided', () => {
    const metrics = new Metrics();
    let containers = 3;
    metrics.provide('containers', () => containers);
    metrics.record('container-start-time', 20);
    metrics.count('events');
    metrics.count('events', 4);
    containers = 5;
    const { timers, counters, gauges } = metrics.snapshot();
    expect(timers.get('container-start-time')).toMatchObject({ count: 1, meanMs: 20 });
    expect(timers.get('exec-process-time')).toMatchObject({ count: 0 });
    expect(counters.get('events')).toBe(5);
    expect([...gauges]).toEqual([['containers', 5]]);
  });

  test('a gauge that cannot be read is missing, the others are there', () => {
    const metrics = new Metrics();
    metrics.provide('shim-memory-rss', () => {
      throw new Error('gone');
    });
    metrics.provide('tasks', () => NaN);
    metrics.provide('fds', () => 1);
    expect([...metrics.snapshot().gauges.keys()]).toEqual(['fds']);
  });

  test('listeners hear of durations until they are ended', () => {
    const metrics = new Metrics();
    const heard: unknown[] = [];
    const end = metrics.onRecord((...args) => heard.push(args));
    metrics.record('exec-process-time', 1);
    end();
    metrics.record('exec-process-time', 2);
    expect(heard).toEqual([['exec-process-time', 1]]);
  });

  test('fields of the log have the timers that ran', () => {
    const metrics = new Metrics();
    metrics.record('exec-process-time', 1.234_567);
    expect(fieldsOf(metrics.snapshot())).toMatchObject({
      timers: { 'exec-process-time': { count: 1, meanMs: 1.235, p99Ms: 1.235 } },
      counters: { events: 0 },
      gauges: {},
    });
    expect(Object.keys(fieldsOf(metrics.snapshot())['timers'] as object)).toEqual(['exec-process-time']);
  });
});

test('memory of processes is read from the kernel', () => {
  const own = memoryOf('self');
  expect(own.pssBytes).toBeGreaterThan(10e6);
  expect(own.rssBytes).toBeGreaterThanOrEqual(own.pssBytes);
  const metrics = new Metrics();
  let shimPids: readonly number[] = [process.pid];
  provideProcessGauges(metrics, () => shimPids);
  const { gauges } = metrics.snapshot();
  expect(gauges.get('shim-memory-rss')).toBeGreaterThan(10e6);
  expect(gauges.get('fds')).toBeGreaterThan(3);
  shimPids = [2 ** 22 + 1];
  expect(metrics.snapshot().gauges.has('shim-memory-rss')).toBe(false);
  expect(metrics.snapshot().gauges.has('daemon-memory-pss')).toBe(true);
});
