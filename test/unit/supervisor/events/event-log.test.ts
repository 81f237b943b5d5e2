import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { EventLog } from '../../../../src/supervisor/events/event-log';
import { endOf, startOf } from '../event-kit';

describe('the event log', () => {
  let directory: string;
  let path: string;
  let log: EventLog;
  let aside: string[];
  const open = (retainCount = 500): EventLog => {
    log = new EventLog({ path, retainCount, onMovedAside: (where) => aside.push(where) });
    return log;
  };
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-log-'));
    path = join(directory, 'events.db');
    aside = [];
    open();
  });
  afterEach(() => {
    log.close();
    rmSync(directory, { recursive: true });
  });

  const told = (after = 0n): string[] => log.after(after, 10_000).map((event) => `${event.type} ${event.containerId} ${String(event.status)}`);

  test('gives back what was written, strictly newer than a time, of one container or all', () => {
    const first = log.append(startOf('a'));
    log.append(startOf('b'));
    log.append({ ...startOf('a'), type: 'pause' });
    expect(told()).toEqual(['start-container a 0', 'start-container b 0', 'pause a 0']);
    expect(told(first.timestampNs)).toEqual(['start-container b 0', 'pause a 0']);
    expect(log.after(0n, 10, { containerId: 'b' }).map((event) => event.containerId)).toEqual(['b']);
    expect(log.after(0n, 2)).toHaveLength(2);
    expect(log.after(log.lastNs, 10)).toEqual([]);
  });

  test('gives back what an event says beside its fields: JSON, and bytes as they were', () => {
    const more = { namespace: 'moby', pid: 42, exitedAtNs: 1_700_000_000_123_456_789n };
    log.append({ ...startOf('a'), ...more, detail: { bundle: '/run/a', io: { stdin: '', terminal: true } } });
    log.append({ ...startOf('b'), type: 'published', detail: Buffer.from([0, 1, 255, 10]) });
    log.append(startOf('c'));
    const [a, b, c] = log.after(0n, 10);
    expect(a).toMatchObject({ ...more, detail: { bundle: '/run/a', io: { stdin: '', terminal: true } } });
    expect(b?.detail).toEqual(Buffer.from([0, 1, 255, 10]));
    expect(c).toEqual({ ...startOf('c'), namespace: 'legacy', timestampNs: c?.timestampNs, eventId: 3n });
  });

  test('numbers what is told, over restarts, and says who asked for it', () => {
    log.append({ ...startOf('a'), by: { uid: 1000, pid: 7 } });
    log.recordEnd(endOf('a'));
    log.append(startOf('b'));
    log.tell(endOf('a'));
    log.close();
    open();
    log.append(startOf('c'));
    const all = log.after(0n, 10);
    expect(all.map(({ eventId, containerId, type }) => `${String(eventId)} ${type} ${containerId}`)).toEqual([
      '1 start-container a', '2 start-container b', '3 exit a', '4 start-container c',
    ]);
    expect(all[0]?.by).toEqual({ uid: 1000, pid: 7 });
    expect(log.after(log.cursorAfter(2n), 10).map(({ eventId }) => eventId)).toEqual([3n, 4n]);
    expect([log.firstId, log.lastId]).toEqual([1n, 4n]);
  });

  test('keeps containers of one id apart by their namespaces', () => {
    log.append({ ...startOf('a'), namespace: 'moby' });
    log.append(startOf('a'));
    for (const namespace of ['moby', 'legacy']) {
      const end = { ...endOf('a', namespace.length), namespace };
      expect(log.lastStart('a', 'init', namespace)).toEqual({ startKey: '1:2:3', hasEnded: false });
      expect(log.recordEnd(end)).toBe('recorded');
      expect(log.recordEnd(end)).toBe('already-recorded');
      expect(log.lastStart('a', 'init', namespace)?.hasEnded).toBe(true);
    }
    expect(log.tell({ ...endOf('a'), namespace: 'moby' })).toMatchObject({ namespace: 'moby', status: 4 });
    expect(log.untold()).toMatchObject([{ namespace: 'legacy', status: 6 }]);
    expect(log.after(0n, 10, { namespace: 'moby' }).map(({ type }) => type)).toEqual(['start-container', 'exit']);
    expect(log.after(0n, 10, { namespace: 'moby', containerId: 'a' })).toHaveLength(2);
    expect(log.after(0n, 10, { containerId: 'a' }).map(({ namespace }) => namespace)).toEqual(['legacy']);
    expect(log.after(0n, 10)).toHaveLength(3);
  });

  test('gives every event a time of its own, also within a millisecond and when the clock is set back', () => {
    const now = jest.spyOn(Date, 'now');
    try {
      for (const ms of [5000, 5000, 5000, 4000, 3000, 6000]) {
        now.mockReturnValue(ms);
        log.append(startOf('a'));
      }
    } finally {
      now.mockRestore();
    }
    const times = log.after(0n, 10).map((event) => event.timestampNs);
    expect(times).toEqual([5000_000_000n, 5000_000_001n, 5000_000_002n, 5000_000_003n, 5000_000_004n, 6000_000_000n]);
  });

  test('goes on after the last time when it is opened again', () => {
    const future = BigInt(Date.now() + 3_600_000) * 1_000_000n;
    log.append(startOf('a'), undefined, future);
    log.close();
    open();
    expect(log.lastNs).toBe(future);
    expect(log.append(startOf('b')).timestampNs).toBe(future + 1n);
    expect(told()).toEqual(['start-container a 0', 'start-container b 0']);
  });

  test('an end is recorded once, told once, and in the order of the telling', () => {
    expect(log.recordEnd(endOf('a', 7))).toBe('recorded');
    expect(log.recordEnd(endOf('a', 9))).toBe('already-recorded');
    expect(told()).toEqual([]);
    expect(log.untold()).toMatchObject([endOf('a', 7)]);
    log.append(startOf('b'));
    expect(log.tell(endOf('a'))).toMatchObject({ type: 'exit', status: 7 });
    expect(log.tell(endOf('a'))).toBeUndefined();
    expect(log.recordEnd(endOf('a', 9))).toBe('already-told');
    expect(log.untold()).toEqual([]);
    expect(told()).toEqual(['start-container b 0', 'exit a 7']);
  });

  test('an end that is recorded and told in one is both, or neither', () => {
    log.append(startOf('a'));
    const last = log.lastId;
    expect(() => log.recordAndTell(endOf('a', 7), () => { throw new Error('no room'); })).toThrow('no room');
    expect(log.untold()).toEqual([]);
    expect(told()).toEqual(['start-container a 0']);
    expect(log.recordAndTell(endOf('a', 7), () => undefined)).toMatchObject({ type: 'exit', status: 7, eventId: last + 1n });
    expect(log.recordAndTell(endOf('a', 9), () => undefined)).toBeUndefined();
    expect(log.recordEnd(endOf('b', 3))).toBe('recorded');
    expect(log.recordAndTell(endOf('b', 4), () => undefined)).toMatchObject({ status: 3 });
    expect(log.told).toBe(3);
    expect(told()).toEqual(['start-container a 0', 'exit a 7', 'exit b 3']);
  });

  test('an id that is used again has an end of its own', () => {
    for (const [startKey, status] of [['1:1:1', 3], ['1:1:2', 4]] as const) {
      expect(log.recordEnd(endOf('a', status, startKey))).toBe('recorded');
      log.tell(endOf('a', status, startKey));
    }
    expect(told()).toEqual(['exit a 3', 'exit a 4']);
  });

  test('an end that was recorded and not told is found when it is opened again', () => {
    log.recordEnd(endOf('a', 5));
    log.close();
    open();
    expect(log.untold()).toMatchObject([endOf('a', 5)]);
    expect(told()).toEqual([]);
  });

  test('knows the newest start of a process that was told, and whether it has ended', () => {
    log.append(startOf('a', 'earlier'));
    log.append(startOf('a', 'key'));
    log.append({ ...startOf('a', 'exec key'), type: 'start-process', processId: 'job' });
    expect(log.lastStart('a', 'init')).toEqual({ startKey: 'key', hasEnded: false });
    expect(log.lastStart('a', 'job')).toEqual({ startKey: 'exec key', hasEnded: false });
    expect(log.lastStart('b', 'init')).toBeUndefined();
    log.recordEnd(endOf('a', 0, 'earlier'));
    expect(log.lastStart('a', 'init')?.hasEnded).toBe(false);
    log.recordEnd(endOf('a', 0, 'key'));
    expect(log.lastStart('a', 'init')?.hasEnded).toBe(true);
  });

  test.each([0, 1, 10])('of a process that has not ended keeps the start, however few are retained: %i', (retainCount) => {
    log.close();
    open(retainCount);
    const pause = (): void => { log.append({ ...startOf('busy', ''), type: 'pause' }); };
    log.append(startOf('runs'));
    log.append(startOf('ended'));
    for (let index = 0; index < 63; index += 1) pause();
    // The one that makes it trim.
    log.append({ ...startOf('runs', '4:5:6'), type: 'start-process', processId: 'job' });
    log.recordEnd(endOf('ended'));
    log.tell(endOf('ended'));
    for (let index = 0; index < 500; index += 1) log.append({ ...startOf(`other${String(index)}`, ''), type: 'pause' });
    expect(log.lastStart('runs', 'init')).toEqual({ startKey: '1:2:3', hasEnded: false });
    expect(log.lastStart('runs', 'job')).toEqual({ startKey: '4:5:6', hasEnded: false });
    expect(log.lastStart('ended', 'init')).toBeUndefined();
    expect(log.told).toBeLessThanOrEqual(retainCount + 70);
    expect(log.after(0n, 1000)).toHaveLength(log.told);
  });

  test('a subscriber that has read all but the newest event has missed none, however few are retained', () => {
    log.close();
    open(0);
    for (let index = 0; index < 500; index += 1) {
      const before = log.lastNs;
      log.append({ ...startOf('busy', ''), type: 'pause' });
      expect(log.droppedThroughNs()).toBeLessThanOrEqual(before);
    }
  });

  test('keeps as many as it is told to and a few more, never drops an end that is not told, and says how far it dropped', () => {
    log.close();
    open(10);
    log.recordEnd(endOf('waits', 1));
    for (let index = 0; index < 500; index += 1) log.append({ ...startOf(`c${String(index)}`), type: 'pause' });
    expect(log.told).toBeGreaterThanOrEqual(10);
    expect(log.told).toBeLessThanOrEqual(80);
    expect(log.after(0n, 1000)).toHaveLength(log.told);
    expect(log.after(0n, 1000).at(-1)?.containerId).toBe('c499');
    const oldest = log.after(0n, 1)[0]?.timestampNs ?? 0n;
    expect(log.droppedThroughNs()).toBeGreaterThan(0n);
    expect(log.droppedThroughNs()).toBeLessThan(oldest);
    expect(log.untold()).toHaveLength(1);
    const trimmed = log.droppedThroughNs();
    log.close();
    open(10);
    expect(log.droppedThroughNs()).toBe(trimmed);
    expect(log.tell(endOf('waits'))).toMatchObject({ status: 1 });
  });

  test('writes an event and the fact that belongs to it together, and what throws not at all', () => {
    log.append(startOf('a'), { name: 'paused a', value: 'yes' });
    expect(log.fact('paused a')).toBe('yes');
    expect(() =>
      log.inOneGo(() => {
        log.setFact('half', 'done');
        throw new Error('cut off');
      }),
    ).toThrow('cut off');
    expect(log.fact('half')).toBeUndefined();
    log.dropFact('paused a');
    expect(log.fact('paused a')).toBeUndefined();
  });

  test.each([
    ['no database', () => { writeFileSync(path, 'garbage'.repeat(1000)); }],
    ['NUL bytes', () => { writeFileSync(path, Buffer.alloc(8192)); }],
    ['half of one', () => { truncateSync(path, Math.floor(statSync(path).size / 2)); }],
    ['a directory', () => { rmSync(path); mkdirSync(path); }],
  ])('a file that is %s is moved aside, and a new log begun', (_what, damage) => {
    for (let index = 0; index < 500; index += 1) log.append({ ...startOf(`c${String(index)}`), type: 'pause' });
    log.close();
    damage();
    open();
    expect(aside).toHaveLength(1);
    expect(existsSync(aside[0] ?? '')).toBe(true);
    expect(told()).toEqual([]);
    log.append(startOf('new'));
    expect(told()).toEqual(['start-container new 0']);
  });

  test('closing twice does no harm, and leaves one plain file', () => {
    log.append(startOf('a'));
    log.close();
    log.close();
    expect(readdirSync(directory)).toEqual(['events.db']);
  });
});
