import type { Statement } from 'better-sqlite3';
import type { Db } from './event-log-schema';

/** Every statement of the event log, prepared once and kept: see `openDatabase` for why. */
export interface LogStatements {
  readonly insert: Statement;
  readonly insertEnd: Statement;
  readonly findEnd: Statement;
  readonly tellEnd: Statement;
  readonly untold: Statement;
  readonly hasStart: Statement;
  readonly after: Statement;
  readonly afterOf: Statement;
  readonly range: Statement;
  readonly oldestKept: Statement;
  readonly trim: Statement;
  readonly fact: Statement;
  readonly setFact: Statement;
  readonly dropFact: Statement;
}

export function prepareStatements(db: Db): LogStatements {
  const columns = 'type, container, process, status, start_key';
  const row = `told_ns, ${columns}`;
  const thisEnd = "type = 'exit' AND container = ? AND process = ? AND start_key = ?";
  return {
    insert: db.prepare(`INSERT INTO events (${row}) VALUES (?, ?, ?, ?, ?, ?)`),
    insertEnd: db.prepare(`INSERT OR IGNORE INTO events (${row}) VALUES (NULL, 'exit', ?, ?, ?, ?)`),
    findEnd: db.prepare(`SELECT ${row} FROM events WHERE ${thisEnd}`),
    tellEnd: db.prepare(`UPDATE events SET told_ns = ? WHERE ${thisEnd} AND told_ns IS NULL`),
    untold: db.prepare(`SELECT ${row} FROM events WHERE told_ns IS NULL ORDER BY row`),
    hasStart: db.prepare(
      'SELECT 1 FROM events WHERE type = ? AND container = ? AND process = ? AND start_key = ? LIMIT 1',
    ),
    after: db.prepare(`SELECT ${row} FROM events WHERE told_ns > ? ORDER BY told_ns LIMIT ?`),
    afterOf: db.prepare(`SELECT ${row} FROM events WHERE container = ? AND told_ns > ? ORDER BY told_ns LIMIT ?`),
    range: db.prepare('SELECT max(told_ns) AS last, count(told_ns) AS told FROM events'),
    oldestKept: db.prepare(
      'SELECT told_ns FROM events WHERE told_ns IS NOT NULL ORDER BY told_ns DESC LIMIT 1 OFFSET ?',
    ),
    trim: db.prepare('DELETE FROM events WHERE told_ns <= ?'),
    fact: db.prepare('SELECT value FROM facts WHERE name = ?'),
    setFact: db.prepare('INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)'),
    dropFact: db.prepare('DELETE FROM facts WHERE name = ?'),
  };
}
