import type { Statement } from 'better-sqlite3';
import type { Db } from './event-log-schema';

/** Every statement of the event log, prepared once: see `openLasting` for why. */
export interface LogStatements {
  readonly insert: Statement;
  readonly insertEnd: Statement;
  readonly findEnd: Statement;
  readonly tellEnd: Statement;
  readonly forgetEnd: Statement;
  readonly untold: Statement;
  readonly lastStart: Statement;
  readonly after: Statement;
  readonly afterIn: Statement;
  readonly afterOf: Statement;
  readonly last: Statement;
  readonly first: Statement;
  readonly timeOf: Statement;
  readonly held: Statement;
  readonly subscriptions: Statement;
  readonly setSubscription: Statement;
  readonly dropSubscription: Statement;
  readonly fact: Statement;
  readonly factNames: Statement;
  readonly setFact: Statement;
  readonly dropFact: Statement;
}

/** As the index of starts has it, word for word: only then SQLite uses it. */
export const isStart = "type IN ('start-container', 'start-process')";

/**
 * Not `LIMIT ?`: SQLite with STAT4, as better-sqlite3 has it, plans by the value of a bare parameter there, and so
 * compiles the statement anew each time that it is bound (seen with perf: two thirds of the time of a read).
 */
const atMost = 'LIMIT CAST(? AS INTEGER)';

/** What is held for a subscriber that is away: see `Subscriptions`. */
export const heldTypes = "('exit', 'oom', 'delete')";

/** Whether the end of a start is in the log. The start of a container has no process, its end has. */
export function endOf(start: string): string {
  return (
    "EXISTS (SELECT 1 FROM events AS own WHERE own.type = 'exit' " +
    `AND own.namespace = ${start}.namespace AND own.container = ${start}.container AND own.process = iif(${start}.process = '', 'init', ${start}.process) ` +
    `AND own.start_key = ${start}.start_key)`
  );
}

export function prepareStatements(db: Db): LogStatements {
  const columns = 'type, namespace, container, process, status, start_key, pid, exited_ns, detail';
  const row = `told_ns, ${columns}, event_id, by_uid, by_pid`;
  const thisEnd = "type = 'exit' AND namespace = ? AND container = ? AND process = ? AND start_key = ?";
  return {
    insert: db.prepare(`INSERT INTO events (${row}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),
    insertEnd: db.prepare(`INSERT OR IGNORE INTO events (told_ns, ${columns}) VALUES (NULL, 'exit', ?, ?, ?, ?, ?, ?, ?, ?)`),
    findEnd: db.prepare(`SELECT ${row} FROM events WHERE ${thisEnd}`),
    tellEnd: db.prepare(`UPDATE events SET told_ns = ?, event_id = ? WHERE ${thisEnd} AND told_ns IS NULL`),
    forgetEnd: db.prepare(`DELETE FROM events WHERE ${thisEnd} AND told_ns IS NULL`),
    untold: db.prepare(`SELECT ${row} FROM events WHERE told_ns IS NULL ORDER BY row`),
    lastStart: db.prepare(
      `SELECT start_key, ${endOf('start')} AS ended FROM events AS start ` +
        `WHERE namespace = ? AND container = ? AND process = ? AND ${isStart} ORDER BY told_ns DESC LIMIT 1`,
    ),
    after: db.prepare(`SELECT ${row} FROM events WHERE told_ns > ? ORDER BY told_ns ${atMost}`),
    // In the order of the telling, and not by the index that begins with the namespace: then it would have to be sorted.
    afterIn: db.prepare(`SELECT ${row} FROM events WHERE told_ns > ? AND +namespace = ? ORDER BY told_ns ${atMost}`),
    afterOf: db.prepare(`SELECT ${row} FROM events WHERE told_ns > ? AND namespace = ? AND container = ? ORDER BY told_ns ${atMost}`),
    last: db.prepare('SELECT max(told_ns) AS last, max(event_id) AS id FROM events'),
    first: db.prepare('SELECT min(event_id) AS id FROM events WHERE event_id IS NOT NULL'),
    timeOf: db.prepare(`SELECT told_ns FROM events WHERE event_id <= ? ORDER BY event_id DESC ${atMost}`),
    // Of a task that was made anew since, whoever did that knew of the end of the one before.
    held: db.prepare(
      `SELECT ${row} FROM events AS event WHERE told_ns > ? AND +namespace = ? AND type IN ${heldTypes} AND NOT EXISTS (SELECT 1 FROM events AS later ` +
        "WHERE later.namespace = event.namespace AND later.container = event.container AND later.told_ns > event.told_ns AND later.type = 'create') " +
        `ORDER BY told_ns ${atMost}`,
    ),
    subscriptions: db.prepare('SELECT name, namespace, cursor_ns, client FROM subscriptions'),
    setSubscription: db.prepare('INSERT OR REPLACE INTO subscriptions (name, namespace, cursor_ns, client) VALUES (?, ?, ?, ?)'),
    dropSubscription: db.prepare('DELETE FROM subscriptions WHERE name = ?'),
    fact: db.prepare('SELECT value FROM facts WHERE name = ?'),
    factNames: db.prepare('SELECT name FROM facts WHERE substr(name, 1, length(?)) = ? ORDER BY name'),
    setFact: db.prepare('INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)'),
    dropFact: db.prepare('DELETE FROM facts WHERE name = ?'),
  };
}
