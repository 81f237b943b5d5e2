import Database from 'better-sqlite3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { StoredEvent } from '../../../../src/supervisor/events/event';
import { EventLog, type EventLogOptions } from '../../../../src/supervisor/events/event-log';
import { endOf, startOf } from '../event-kit';

describe('what the event log retains', () => {
  let directory: string;
  let log: EventLog;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-retention-'));
  });
  afterEach(() => {
    log.close();
    rmSync(directory, { recursive: true });
  });

  const open = (retainCount: number, more: Partial<EventLogOptions> = {}): EventLog =>
    (log = new EventLog({ path: join(directory, 'events.db'), retainCount, ...more }));
  const pause = (containerId: string, namespace = 'legacy'): StoredEvent => log.append({ ...startOf(containerId, ''), type: 'pause', namespace });
  const end = (containerId: string, status = 0, startKey = '1:2:3', processId = 'init'): void => {
    log.recordEnd({ ...endOf(containerId, status, startKey), processId });
    log.tell({ ...endOf(containerId, status, startKey), processId });
  };
  const exec = (containerId: string, processId: string): void => {
    log.append({ ...startOf(containerId, '4:5:6'), type: 'start-process', processId });
    end(containerId, 0, '4:5:6', processId);
  };
  const all = (): StoredEvent[] => log.after(0n, 1_000_000);
  const linesOf = (containerId: string): string[] =>
    log.after(0n, 1_000_000, { containerId }).map(({ type, processId, status }) => `${type} ${processId} ${String(status)}`);

  test.each([0, 1, 10, 500])('has the last end of each container, whatever else happened since, with %i retained', (retainCount) => {
    open(retainCount);
    log.append(startOf('gone'));
    end('gone', 7);
    for (let round = 0; round < 1000; round += 1) exec('busy', `job${String(round)}`);
    expect(linesOf('gone')).toContain('exit init 7');
    expect(log.told).toBe(all().length);
    expect(log.told).toBeLessThanOrEqual(retainCount + 64 + 1 + 1);
  });

  test('of ends of one id the last alone, and no start that has ended', () => {
    open(10);
    for (let round = 0; round < 500; round += 1) {
      log.append(startOf('again', `1:2:${String(round)}`));
      end('again', round % 256, `1:2:${String(round)}`);
      pause(`other${String(round)}`);
    }
    for (let round = 0; round < 200; round += 1) pause('other');
    expect(linesOf('again')).toEqual(['exit init 243']);
    expect(log.told).toBeLessThanOrEqual(10 + 64 + 1);
  });

  test('one container that makes many events pushes out its own', () => {
    open(200);
    for (let quiet = 0; quiet < 20; quiet += 1) exec(`quiet${String(quiet)}`, 'job');
    for (let round = 0; round < 2000; round += 1) exec('busy', `job${String(round)}`);
    for (let quiet = 0; quiet < 20; quiet += 1) expect(linesOf(`quiet${String(quiet)}`)).toEqual(['start-process job 0', 'exit job 0']);
    expect(log.told).toBeLessThanOrEqual(200 + 64);
    expect(log.after(0n, 1_000_000, { containerId: 'busy' }).length).toBeGreaterThanOrEqual(100);
    expect(log.droppedThroughNs({ containerId: 'quiet1' })).toBe(0n);
    expect(log.droppedThroughNs({ containerId: 'busy' })).toBeGreaterThan(0n);
    expect(log.droppedThroughNs({ namespace: 'legacy' })).toBe(log.droppedThroughNs({ containerId: 'busy' }));
  });

  test('knows of every cursor whether something was dropped that it had not read, also when it is opened again', () => {
    open(50);
    const told: StoredEvent[] = [];
    const reopened = (): void => { log.close(); open(50); };
    for (let round = 0; round < 600; round += 1) {
      // Some that make many, some that make one; another namespace that is quiet.
      told.push(pause(round % 3 === 0 ? `one${String(round)}` : round % 3 === 1 ? 'busy' : 'busier'));
      if (round % 150 === 0) told.push(pause('theirs', 'moby'));
      if (round % 100 === 99) reopened();
      const kept = new Set(all().map(({ timestampNs }) => timestampNs));
      const gone = told.filter(({ timestampNs }) => !kept.has(timestampNs));
      for (const namespace of ['legacy', 'moby']) {
        const newest = gone.filter((event) => event.namespace === namespace).at(-1)?.timestampNs ?? 0n;
        expect(log.droppedThroughNs({ namespace })).toBe(newest);
      }
      for (const containerId of ['busy', 'busier', 'one3', `one${String(round)}`]) {
        const newest = gone.filter((event) => event.containerId === containerId).at(-1)?.timestampNs ?? 0n;
        expect(log.droppedThroughNs({ containerId })).toBeGreaterThanOrEqual(newest);
      }
      expect(log.told).toBe(kept.size);
    }
  });

  test('never drops one of the newest half, for whoever is just reading', () => {
    open(100);
    for (let quiet = 0; quiet < 95; quiet += 1) pause(`quiet${String(quiet)}`);
    const read: bigint[] = [];
    for (let round = 0; round < 1000; round += 1) {
      read.push(pause('busy').timestampNs);
      const fiftyAgo = read.at(-51);
      if (fiftyAgo !== undefined) expect(log.droppedThroughNs()).toBeLessThanOrEqual(fiftyAgo);
    }
  });

  test('ends of containers gone long ago do not grow without bound', () => {
    open(10, { maxEnds: 100 });
    for (let round = 0; round < 2000; round += 1) {
      log.append(startOf(`c${String(round)}`));
      end(`c${String(round)}`);
    }
    expect(log.told).toBeLessThanOrEqual(100 + 256 + 10 + 64);
    for (let round = 1900; round < 2000; round += 1) expect(linesOf(`c${String(round)}`)).toContain('exit init 0');
    expect(linesOf('c0')).toEqual([]);
    expect(log.droppedThroughNs({ containerId: 'c0' })).toBeGreaterThan(0n);
  });

  test('a flood of OOM kills costs eight events, and says of the last of them', () => {
    open(500);
    exec('other', 'job');
    let last = 0n;
    for (let round = 0; round < 541; round += 1) last = log.append({ ...startOf('box', ''), type: 'oom' }).timestampNs;
    end('box', 137);
    expect(linesOf('box')).toEqual([...Array.from({ length: 8 }, () => 'oom  0'), 'exit init 137']);
    expect(log.after(0n, 1000, { containerId: 'box' }).at(-2)?.timestampNs).toBe(last);
    expect(linesOf('other')).toHaveLength(2);
    expect(log.droppedThroughNs()).toBe(0n);
    expect(log.told).toBe(all().length);
  });

  test('details are bounded in all, and the newest stays however large it is', () => {
    open(500);
    const publish = (bytes: number): void => { log.append({ ...startOf('', ''), type: 'published', namespace: 'moby', detail: Buffer.alloc(bytes) }); };
    for (let round = 0; round < 100; round += 1) publish(256 << 10);
    const bytes = (): number => all().reduce((sum, { detail }) => sum + (detail as Uint8Array).length, 0);
    expect(bytes()).toBeLessThanOrEqual(8 << 20);
    publish(16 << 20);
    expect(all()).toHaveLength(1);
    publish(10);
    expect(bytes()).toBe(10);
  });

  test('counts what a database holds that was written before, and drops it in its turn', () => {
    open(1000);
    for (let round = 0; round < 1000; round += 1) pause(round % 2 === 0 ? 'busy' : `one${String(round)}`);
    log.close();
    open(10);
    expect(log.told).toBe(1000);
    pause('new');
    expect(log.told).toBe(10);
  });

  test('of a database of an earlier daemon knows how far that has dropped', () => {
    open(10);
    log.close();
    const db = new Database(join(directory, 'events.db'));
    db.exec(`DROP TABLE passes; DROP TABLE subscriptions; DROP INDEX events_ooms;
      DROP INDEX events_ids; ALTER TABLE events DROP COLUMN event_id; ALTER TABLE events DROP COLUMN by_uid; ALTER TABLE events DROP COLUMN by_pid; PRAGMA user_version = 2;
      INSERT INTO facts VALUES ('trimmed-through-ns', '123')`);
    db.close();
    open(10);
    expect(log.droppedThroughNs({ namespace: 'legacy' })).toBe(123n);
    expect(log.droppedThroughNs({ namespace: 'moby' })).toBe(0n);
  });
});
