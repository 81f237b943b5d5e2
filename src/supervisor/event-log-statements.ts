import type { Statement } from 'better-sqlite3';
import type { Db } from './event-log-schema';

/** Every statement of the event log, prepared once and kept: see `openDatabase` for why. */
export interface LogStatements {
  readonly insert: Statement;
  readonly insertEnd: Statement;
  readonly findEnd: Statement;
  readonly tellEnd: Statement;
  readonly untold: Statement;
  readonly lastStart: Statement;
  readonly after: Statement;
  readonly afterOf: Statement;
  readonly range: Statement;
  readonly oldestKept: Statement;
  readonly trim: Statement;
  readonly fact: Statement;
  readonly setFact: Statement;
  readonly dropFact: Statement;
}

/** As the index of starts has it, word for word: only then SQLite uses it. */
const isStart = "type IN ('start-container', 'start-process')";

/**
 * Not `LIMIT ?`: SQLite with STAT4, as better-sqlite3 has it, plans by the value of a bare parameter there, and so
 * compiles the statement anew each time that it is bound (seen with perf: two thirds of the time of a read).
 */
const atMost = 'LIMIT CAST(? AS INTEGER)';

/** Whether the end of a start is in the log. The start of a container has no process, its end has. */
function endOf(start: string): string {
  return (
    "EXISTS (SELECT 1 FROM events AS own WHERE own.type = 'exit' " +
    `AND own.container = ${start}.container AND own.process = iif(${start}.process = '', 'init', ${start}.process) ` +
    `AND own.start_key = ${start}.start_key)`
  );
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
    lastStart: db.prepare(
      `SELECT start_key, ${endOf('start')} AS ended FROM events AS start ` +
        `WHERE container = ? AND process = ? AND ${isStart} ORDER BY told_ns DESC LIMIT 1`,
    ),
    after: db.prepare(`SELECT ${row} FROM events WHERE told_ns > ? ORDER BY told_ns ${atMost}`),
    afterOf: db.prepare(`SELECT ${row} FROM events WHERE container = ? AND told_ns > ? ORDER BY told_ns ${atMost}`),
    range: db.prepare('SELECT max(told_ns) AS last, count(told_ns) AS told FROM events'),
    oldestKept: db.prepare(
      'SELECT told_ns FROM events WHERE told_ns IS NOT NULL ORDER BY told_ns DESC LIMIT 1 OFFSET ?',
    ),
    // A restart looks up who runs, and whose start was told: those starts stay until their ends have come.
    trim: db.prepare(
      `DELETE FROM events AS start WHERE told_ns <= ? AND NOT (${isStart} AND start_key GLOB '[0-9]*' AND NOT ${endOf('start')})`,
    ),
    fact: db.prepare('SELECT value FROM facts WHERE name = ?'),
    setFact: db.prepare('INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)'),
    dropFact: db.prepare('DELETE FROM facts WHERE name = ?'),
  };
}
