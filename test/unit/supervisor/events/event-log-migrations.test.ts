import Database from 'better-sqlite3';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { EventLog } from '../../../../src/supervisor/events/event-log';
import { endOf, startOf } from '../event-kit';

/** What a daemon made that knew no namespaces, word for word. */
const before = `
  CREATE TABLE IF NOT EXISTS events (
    row        INTEGER PRIMARY KEY AUTOINCREMENT,
    told_ns    INTEGER,
    type       TEXT NOT NULL,
    container  TEXT NOT NULL,
    process    TEXT NOT NULL,
    status     INTEGER NOT NULL,
    start_key  TEXT NOT NULL
  );
  CREATE UNIQUE INDEX IF NOT EXISTS events_told ON events (told_ns) WHERE told_ns IS NOT NULL;
  CREATE INDEX IF NOT EXISTS events_of_container ON events (container, told_ns);
  CREATE INDEX IF NOT EXISTS events_starts ON events (container, process, told_ns) WHERE type IN ('start-container', 'start-process');
  CREATE UNIQUE INDEX IF NOT EXISTS events_exit_once ON events (container, process, start_key) WHERE type = 'exit';
  CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
`;

describe('an event log of an earlier daemon', () => {
  let directory: string;
  let path: string;
  const logs: EventLog[] = [];
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-migrations-'));
    path = join(directory, 'events.db');
  });
  afterEach(() => {
    for (const log of logs.splice(0)) log.close();
    rmSync(directory, { recursive: true });
  });

  const open = (): EventLog => {
    const log = new EventLog({ path, retainCount: 500, onMovedAside: (_aside, cause) => { throw cause; } });
    logs.push(log);
    return log;
  };
  const earlier = (sql: string): void => {
    const db = new Database(path);
    db.exec(`PRAGMA journal_mode = WAL; ${before} ${sql}`);
    db.close();
  };

  test('is taken over where it lies: its events, its ends that are not told, its facts', () => {
    earlier(`
      INSERT INTO events (told_ns, type, container, process, status, start_key) VALUES
        (1000, 'start-container', 'a', '', 0, '1:2:3'), (2000, 'start-container', 'b', '', 0, '1:2:4'),
        (NULL, 'exit', 'a', 'init', 7, '1:2:3');
      INSERT INTO facts VALUES ('restarts', '4');
    `);
    const log = open();
    expect(log.lastNs).toBe(2000n);
    expect(log.fact('restarts')).toBe('4');
    expect(log.lastStart('a', 'init')).toEqual({ startKey: '1:2:3', hasEnded: true });
    expect(log.lastStart('b', 'init')).toEqual({ startKey: '1:2:4', hasEnded: false });
    expect(log.recordEnd(endOf('a', 9))).toBe('already-recorded');
    expect(log.tell(endOf('a'))).toMatchObject({ namespace: 'legacy', status: 7 });
    expect(log.after(0n, 10).map(({ type, containerId, namespace }) => `${namespace} ${type} ${containerId}`)).toEqual([
      'legacy start-container a', 'legacy start-container b', 'legacy exit a',
    ]);
    expect(log.after(0n, 10).map(({ eventId }) => eventId)).toEqual([1n, 2n, 3n]);
    log.close();
    expect(open().after(0n, 10)).toHaveLength(3);
  });

  test('can be written by that daemon again, and be taken over again', () => {
    const log = open();
    log.append({ ...startOf('new'), namespace: 'moby', pid: 3 });
    log.append(startOf('old'));
    log.close();
    earlier(`
      INSERT OR IGNORE INTO events (told_ns, type, container, process, status, start_key) VALUES (NULL, 'exit', 'old', 'init', 5, '1:2:3');
      INSERT OR IGNORE INTO events (told_ns, type, container, process, status, start_key) VALUES (NULL, 'exit', 'old', 'init', 6, '1:2:3');
    `);
    const again = open();
    expect(again.untold()).toMatchObject([{ namespace: 'legacy', containerId: 'old', status: 5 }]);
    expect(again.after(0n, 10, { namespace: 'moby' })).toMatchObject([{ containerId: 'new', pid: 3 }]);
  });

  test('one of a later daemon is read as far as it is known', () => {
    const log = open();
    log.append(startOf('a'));
    log.close();
    const db = new Database(path);
    db.exec('ALTER TABLE events ADD COLUMN later TEXT; PRAGMA user_version = 99');
    db.close();
    expect(open().after(0n, 10)).toMatchObject([{ containerId: 'a' }]);
  });
});
