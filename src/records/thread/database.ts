import type Database from 'better-sqlite3';
import { chmodSync, closeSync, existsSync, mkdirSync, openSync, readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { CorruptDatabase, isUnusable, moveAside } from '../../sys/database-files';
import { flushDirectory } from '../../sys/files/flush-directory';
import { openLasting } from '../../sys/lasting-database';
import { messageOf } from '../../sys/thrown';
import { type OnFilesSetAside, setAsideFilesOfRecords } from './files-of-records';

export type Db = Database.Database;

/** One step for each version of the tables, oldest first; a database is brought up to date by those that it lacks. */
const migrations: readonly string[] = [
  `
  CREATE TABLE namespaces (name TEXT PRIMARY KEY, labels TEXT NOT NULL) WITHOUT ROWID;
  CREATE TABLE containers (
    namespace    TEXT NOT NULL,
    id           TEXT NOT NULL,
    labels       TEXT NOT NULL,
    image        TEXT NOT NULL,
    runtime      TEXT NOT NULL,
    options_type TEXT,
    options      BLOB,
    spec_type    TEXT,
    spec         BLOB,
    snapshotter  TEXT NOT NULL,
    snapshot_key TEXT NOT NULL,
    sandbox      TEXT NOT NULL,
    extensions   TEXT NOT NULL,
    created_ns   INTEGER NOT NULL,
    updated_ns   INTEGER NOT NULL,
    PRIMARY KEY (namespace, id)
  ) WITHOUT ROWID;
  CREATE TABLE leases (
    namespace  TEXT NOT NULL,
    id         TEXT NOT NULL,
    labels     TEXT NOT NULL,
    created_ns INTEGER NOT NULL,
    PRIMARY KEY (namespace, id)
  ) WITHOUT ROWID;
  CREATE TABLE lease_resources (
    namespace TEXT NOT NULL,
    lease     TEXT NOT NULL,
    type      TEXT NOT NULL,
    id        TEXT NOT NULL,
    PRIMARY KEY (namespace, lease, type, id)
  ) WITHOUT ROWID;
  `,
  `
  CREATE TABLE definitions (
    name             TEXT PRIMARY KEY,
    definition       TEXT NOT NULL,
    created_ns       INTEGER NOT NULL,
    wish_up          INTEGER,
    wish_ns          INTEGER,
    wish_uid         INTEGER,
    wish_pid         INTEGER,
    stop_deadline_ns INTEGER,
    failure          TEXT,
    is_up            INTEGER NOT NULL DEFAULT 0,
    boot_id          TEXT NOT NULL DEFAULT '',
    started_ns       INTEGER,
    oom              INTEGER NOT NULL DEFAULT 0,
    ended_ns         INTEGER,
    end_status       INTEGER,
    end_oom          INTEGER,
    end_ran_ns       INTEGER,
    end_unknown      TEXT
  ) WITHOUT ROWID;
  `,
  'CREATE TABLE programs (name TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;',
  'CREATE TABLE program_definitions (name TEXT PRIMARY KEY, definition TEXT NOT NULL) WITHOUT ROWID;',
  // AUTOINCREMENT: no number of an event comes again, also where all that had one are gone.
  `
  CREATE TABLE program_events (id INTEGER PRIMARY KEY AUTOINCREMENT, type TEXT NOT NULL, event TEXT NOT NULL);
  CREATE TABLE event_cursors (name TEXT PRIMARY KEY, cursor TEXT NOT NULL) WITHOUT ROWID;
  `,
  `
  CREATE TABLE content (
    namespace  TEXT NOT NULL,
    digest     TEXT NOT NULL,
    size       INTEGER NOT NULL,
    labels     TEXT NOT NULL,
    created_ns INTEGER NOT NULL,
    updated_ns INTEGER NOT NULL,
    PRIMARY KEY (namespace, digest)
  ) WITHOUT ROWID;
  CREATE TABLE ingests (
    namespace  TEXT NOT NULL,
    ref        TEXT NOT NULL,
    total      INTEGER NOT NULL,
    expected   TEXT NOT NULL,
    started_ns INTEGER NOT NULL,
    PRIMARY KEY (namespace, ref)
  ) WITHOUT ROWID;
  CREATE TABLE images (
    namespace   TEXT NOT NULL,
    name        TEXT NOT NULL,
    labels      TEXT NOT NULL,
    media_type  TEXT NOT NULL,
    digest      TEXT NOT NULL,
    size        INTEGER NOT NULL,
    annotations TEXT NOT NULL,
    created_ns  INTEGER NOT NULL,
    updated_ns  INTEGER NOT NULL,
    PRIMARY KEY (namespace, name)
  ) WITHOUT ROWID;
  CREATE TABLE snapshots (
    namespace   TEXT NOT NULL,
    snapshotter TEXT NOT NULL,
    name        TEXT NOT NULL,
    parent      TEXT NOT NULL,
    kind        TEXT NOT NULL,
    directory   INTEGER NOT NULL,
    labels      TEXT NOT NULL,
    created_ns  INTEGER NOT NULL,
    updated_ns  INTEGER NOT NULL,
    size        INTEGER NOT NULL,
    inodes      INTEGER NOT NULL,
    PRIMARY KEY (namespace, snapshotter, name)
  ) WITHOUT ROWID;
  CREATE INDEX snapshots_by_parent ON snapshots (namespace, snapshotter, parent);
  `,
  `
  CREATE TABLE program_history (
    name     TEXT NOT NULL,
    at_ns    INTEGER NOT NULL,
    type     TEXT NOT NULL,
    event_id INTEGER NOT NULL,
    status   INTEGER NOT NULL,
    pid      INTEGER NOT NULL,
    by_uid   INTEGER,
    by_pid   INTEGER,
    detail   TEXT NOT NULL,
    PRIMARY KEY (name, at_ns)
  ) WITHOUT ROWID;
  CREATE INDEX program_history_by_time ON program_history (at_ns);
  `,
];

/** The database is of a newer version, which this one does not know. */
export class NewerDatabase extends Error {
  constructor(path: string, version: number) {
    super(`${path}: version ${String(version)} of the records, and this program knows ${String(migrations.length)}`);
    this.name = 'NewerDatabase';
  }
}

/** The records' database, open. */
export interface OpenRecords {
  readonly db: Db;
  /** Nothing was in it: it has just been made. */
  readonly isNew: boolean;
}

/** A database that could not be used lies at `aside` now. */
export type OnMovedAside = (aside: string, cause: unknown) => void;

/**
 * Opens the records, and makes or brings up to date their tables.
 *
 * WAL with synchronous=FULL: what a client was answered survives the death of this process and a power cut
 * (https://www.sqlite.org/pragma.html#pragma_synchronous); the directory is flushed once the file has its name in it.
 * Exclusive locking: one daemon has them. A damaged database is moved aside, and a new one begun: what runs must not be without
 * its records. The files that only the records tell of go aside with it. Nothing else is begun anew over: neither a newer version's, nor one that another process has, nor one that cannot be written.
 * @throws an Error that names the file and the cause
 */
export function openRecords(path: string, onMovedAside: OnMovedAside, onFilesSetAside: OnFilesSetAside): OpenRecords {
  try {
    try {
      return open(path, onFilesSetAside);
    } catch (error) {
      if (!isUnusable(error, path)) throw error;
      onMovedAside(moveAside(path, new Date()), error);
      return open(path, onFilesSetAside);
    }
  } catch (cause) {
    const message = messageOf(cause);
    throw new Error(message.startsWith(path) ? message : `${path}: ${message}${hintOf(cause)}`, { cause });
  }
}

function hintOf(cause: unknown): string {
  const isLocked = typeof cause === 'object' && cause !== null && 'code' in cause && cause.code === 'SQLITE_BUSY';
  return isLocked ? ': another process has it; two daemons want a --root each' : '';
}

function open(path: string, onFilesSetAside: OnFilesSetAside): OpenRecords {
  const directory = dirname(path);
  mkdirSync(directory, { recursive: true, mode: 0o711 });
  if (!existsSync(path)) {
    closeSync(openSync(path, 'wx', 0o600));
    flushDirectory(directory);
  }
  chmodSync(path, 0o600);
  const db = openLasting(path);
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -512');
    const check = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string } | undefined;
    if (check?.quick_check !== 'ok') throw new CorruptDatabase(`${path}: damaged: ${check?.quick_check ?? 'no answer'}`);
    // Before it has tables: a daemon that is killed in between finds it without any again.
    if (versionOf(db) === 0) setAsideFilesOfRecords(directory, new Date(), onFilesSetAside);
    const isNew = migrate(db, path);
    db.defaultSafeIntegers(true);
    return { db, isNew };
  } catch (error) {
    db.close();
    throw error;
  }
}

/** @returns whether there were no tables yet */
function migrate(db: Db, path: string): boolean {
  const version = versionOf(db);
  if (version > migrations.length) throw new NewerDatabase(path, version);
  for (const [index, step] of migrations.entries()) {
    if (index < version) continue;
    db.transaction(() => { db.exec(`${step}; PRAGMA user_version = ${String(index + 1)}`); })();
  }
  return version === 0;
}

function versionOf(db: Db): number {
  return Number((db.prepare('PRAGMA user_version').get() as { user_version: number | bigint }).user_version);
}

/**
 * Opens a database that cannot be written, for what can be read of it. A copy in memory where it lies so that SQLite cannot even read it there
 * (a file system that cannot be written has no place for the files that WAL wants), and of one of an older version, whose tables are brought up to date there.
 */
export function openToRead(path: string): Db {
  const lying = openAsItLies(path);
  let db = lying;
  const version = versionOf(lying);
  if (version > 0 && version < migrations.length) {
    db = inMemory(lying.serialize());
    lying.close();
    migrate(db, path);
  }
  db.defaultSafeIntegers(true);
  return db;
}

function openAsItLies(path: string): Db {
  try {
    const db = openLasting(path, { readonly: true, timeout: 0 });
    db.exec('PRAGMA locking_mode = EXCLUSIVE; SELECT count(*) FROM sqlite_schema');
    return db;
  } catch (error) {
    if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) throw error;
    return inMemory(readFileSync(path));
  }
}

function inMemory(bytes: Buffer): Db {
  // Not in WAL mode: https://www.sqlite.org/fileformat.html#file_format_version_numbers
  bytes.fill(1, 18, 20);
  return openLasting(bytes);
}
