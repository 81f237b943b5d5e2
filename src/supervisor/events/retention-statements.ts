import type { Statement } from 'better-sqlite3';
import type { Db } from './event-log-schema';
import { endOf, heldTypes, isStart } from './event-log-statements';

/** Every statement of the retention, prepared once and kept: see `openDatabase` for why. */
export interface RetentionStatements {
  readonly counts: Statement;
  readonly keptEnds: Statement;
  readonly told: Statement;
  readonly nth: Statement;
  readonly nthNewest: Statement;
  readonly nthOf: Statement;
  readonly drop: Statement;
  readonly dropOf: Statement;
  readonly kept: Statement;
  readonly keptOf: Statement;
  readonly dropStart: Statement;
  readonly dropOlderEnds: Statement;
  readonly dropOldestEnds: Statement;
  readonly dropDelivered: Statement;
  readonly dropOoms: Statement;
  readonly setPassed: Statement;
  readonly forgetPassed: Statement;
  readonly namedLike: Statement;
}

/** Of the row `event`: what stays although so many newer ones are there. */
const isKept = `(
  -- A restart looks up who runs, and whose start was told: those starts stay until their ends have come.
  (event.${isStart} AND event.start_key GLOB '[0-9]*' AND NOT ${endOf('event')})
  -- The last end of a container is what clients ask for that have been away.
  OR (event.type = 'exit' AND event.process = 'init' AND NOT EXISTS (
    SELECT 1 FROM events AS newer WHERE newer.type = 'exit' AND newer.namespace = event.namespace AND newer.container = event.container
      AND newer.process = 'init' AND newer.told_ns > event.told_ns))
  -- Nobody of a subscription's clients has been sent it.
  OR (event.type IN ${heldTypes} AND EXISTS (
    SELECT 1 FROM subscriptions WHERE subscriptions.namespace = event.namespace AND subscriptions.cursor_ns < event.told_ns))
)`;

/** Up to here a container's events have been looked at. */
const passed = 'max(?, coalesce(passes.passed_ns, 0))';

export function prepareRetention(db: Db): RetentionStatements {
  const withPasses = 'events LEFT JOIN passes USING (namespace, container)';
  const row = 'told_ns, type, namespace, container, process, start_key, coalesce(length(detail), 0) AS bytes';
  const inRange = 'told_ns > ? AND told_ns <= ?';
  const inRangeOf = `${inRange} AND namespace = ? AND container = ?`;
  return {
    counts: db.prepare(
      `SELECT namespace, container, count(*) AS count, total(length(detail)) AS bytes, coalesce(passes.passed_ns, 0) AS passed_ns ` +
        `FROM ${withPasses} WHERE told_ns > ${passed} GROUP BY namespace, container`,
    ),
    keptEnds: db.prepare(`SELECT count(*) AS count FROM ${withPasses} WHERE type IN ${heldTypes} AND told_ns <= ${passed}`),
    told: db.prepare('SELECT count(told_ns) AS count FROM events'),
    nth: db.prepare('SELECT told_ns FROM events WHERE told_ns > ? ORDER BY told_ns LIMIT 1 OFFSET CAST(? AS INTEGER)'),
    nthNewest: db.prepare('SELECT told_ns FROM events WHERE told_ns IS NOT NULL ORDER BY told_ns DESC LIMIT 1 OFFSET CAST(? AS INTEGER)'),
    nthOf: db.prepare(
      'SELECT told_ns FROM events WHERE told_ns > ? AND namespace = ? AND container = ? ORDER BY told_ns LIMIT 1 OFFSET CAST(? AS INTEGER)',
    ),
    drop: db.prepare(`DELETE FROM events AS event WHERE ${inRange} AND NOT ${isKept} RETURNING ${row}`),
    dropOf: db.prepare(`DELETE FROM events AS event WHERE ${inRangeOf} AND NOT ${isKept} RETURNING ${row}`),
    kept: db.prepare(`SELECT ${row} FROM events WHERE ${inRange}`),
    keptOf: db.prepare(`SELECT ${row} FROM events WHERE ${inRangeOf}`),
    dropStart: db.prepare(
      `DELETE FROM events WHERE told_ns < ? AND namespace = ? AND container = ? AND process = ? AND start_key = ? AND ${isStart} RETURNING ${row}`,
    ),
    dropOlderEnds: db.prepare(
      `DELETE FROM events AS event WHERE type = 'exit' AND namespace = ? AND container = ? AND process = 'init' AND told_ns < ? ` +
        `AND NOT ${isKept} RETURNING ${row}`,
    ),
    dropOldestEnds: db.prepare(
      `DELETE FROM events WHERE row IN (SELECT row FROM events WHERE told_ns <= ? AND type IN ${heldTypes} ORDER BY told_ns LIMIT CAST(? AS INTEGER)) RETURNING ${row}`,
    ),
    dropDelivered: db.prepare(
      `DELETE FROM events AS event WHERE told_ns <= ? AND +namespace = ? AND type IN ${heldTypes} AND NOT ${isKept} RETURNING ${row}`,
    ),
    dropOoms: db.prepare(
      "DELETE FROM events WHERE row IN (SELECT row FROM events WHERE type = 'oom' AND namespace = ? AND container = ? " +
        `ORDER BY told_ns DESC LIMIT -1 OFFSET CAST(? AS INTEGER)) RETURNING ${row}`,
    ),
    setPassed: db.prepare('INSERT OR REPLACE INTO passes (namespace, container, passed_ns) VALUES (?, ?, ?)'),
    forgetPassed: db.prepare('DELETE FROM passes WHERE namespace = ? AND container = ?'),
    namedLike: db.prepare('SELECT name, value FROM facts WHERE name GLOB ?'),
  };
}
