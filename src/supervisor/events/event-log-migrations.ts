import type { Database } from 'better-sqlite3';

/**
 * Each entry makes the database of one version into that of the next; `PRAGMA user_version` counts them. A database that the daemon
 * had before it counted has version 0 and perhaps the tables of the first entry.
 *
 * A daemon of an earlier version may be started on the database again (docs/dockerd.md, going back): so an entry only adds columns
 * that have a default, and keeps the names of indexes, which an earlier daemon would make anew where it misses them.
 *
 * `told_ns` is null while an end is recorded but not told: the order of an end is in docs/reliability.md.
 */
const migrations: readonly string[] = [
  `
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
  CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
  `,
  `
  ALTER TABLE events ADD COLUMN namespace TEXT NOT NULL DEFAULT 'legacy';
  ALTER TABLE events ADD COLUMN pid       INTEGER;
  ALTER TABLE events ADD COLUMN exited_ns INTEGER;
  ALTER TABLE events ADD COLUMN detail    BLOB;
  DROP INDEX IF EXISTS events_of_container;
  DROP INDEX IF EXISTS events_starts;
  DROP INDEX IF EXISTS events_exit_once;
  CREATE INDEX events_of_container ON events (namespace, container, told_ns);
  CREATE INDEX events_starts ON events (namespace, container, process, told_ns) WHERE type IN ('start-container', 'start-process');
  CREATE UNIQUE INDEX events_exit_once ON events (namespace, container, process, start_key) WHERE type = 'exit';
  `,
  `
  CREATE INDEX events_ooms ON events (namespace, container, told_ns) WHERE type = 'oom';
  CREATE TABLE passes (namespace TEXT NOT NULL, container TEXT NOT NULL, passed_ns INTEGER NOT NULL, PRIMARY KEY (namespace, container)) WITHOUT ROWID;
  CREATE TABLE subscriptions (name TEXT PRIMARY KEY, namespace TEXT NOT NULL, cursor_ns INTEGER NOT NULL) WITHOUT ROWID;
  INSERT INTO facts SELECT 'dropped-through-ns legacy', value FROM facts WHERE name = 'trimmed-through-ns';
  `,
  `
  ALTER TABLE events ADD COLUMN event_id INTEGER;
  ALTER TABLE events ADD COLUMN by_uid   INTEGER;
  ALTER TABLE events ADD COLUMN by_pid   INTEGER;
  CREATE UNIQUE INDEX events_ids ON events (event_id) WHERE event_id IS NOT NULL;
  `,
  'ALTER TABLE subscriptions ADD COLUMN client TEXT;',
];

/** Numbers what was told by a daemon that had no ids yet: after all that have one, in the order of the telling. */
const numberTold = `
  UPDATE events SET event_id = numbered.id FROM (
    SELECT row, (SELECT coalesce(max(event_id), 0) FROM events) + row_number() OVER (ORDER BY told_ns) AS id
    FROM events WHERE told_ns IS NOT NULL AND event_id IS NULL
  ) AS numbered WHERE events.row = numbered.row
`;

/** Brings the database to this program's version: all of the way, or not a step. One of a later version is taken as it is. */
export function migrate(db: Database): void {
  const { user_version: version } = db.prepare('PRAGMA user_version').get() as { readonly user_version: number };
  if (version < migrations.length) {
    db.exec(`BEGIN IMMEDIATE; ${migrations.slice(version).join('')} PRAGMA user_version = ${String(migrations.length)}; COMMIT`);
  }
  db.exec(numberTold);
}
