import Database from 'better-sqlite3';
import { chmodSync, closeSync, existsSync, lstatSync, openSync, renameSync } from 'node:fs';
import { errorCodeOf } from '../sys/thrown';

export type Db = Database.Database;

/** `told_ns` is null while an end is recorded but not told: the order of an end is in docs/reliability.md. */
const schema = `
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

/** What SQLite keeps under the name of a database. */
const companions = ['', '-wal', '-shm', '-journal'] as const;

/** SQLite opened the file, and its own check found it damaged. */
class CorruptDatabase extends Error {}

/**
 * Opens the database, and makes its tables where they are missing.
 *
 * WAL with synchronous=NORMAL: a commit survives the death of this process at any
 * moment (the pages are the kernel's), and a power cut cannot corrupt the file
 * (https://www.sqlite.org/pragma.html#pragma_synchronous). Exclusive locking: one
 * daemon per state directory has it, so no shared-memory file is needed.
 *
 * No statement may ever become garbage: better-sqlite3 takes a clean-up hook back in a
 * statement's destructor, and Node aborts the process (`RemoveEnvironmentCleanupHook:
 * Assertion failed: (env) != nullptr`, seen with Node 24) where the collector runs it
 * while no context is entered, as it may between two callbacks of the event loop.
 *
 * @param keep takes what the caller must hold on to for as long as the process lives
 */
export function openDatabase(path: string, keep: (statement: Database.Statement) => void): Db {
  makePrivate(path);
  const db = new Database(path);
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    const quickCheck = db.prepare('PRAGMA quick_check(1)');
    keep(quickCheck);
    const check = quickCheck.get() as { quick_check: string } | undefined;
    if (check?.quick_check !== 'ok') throw new CorruptDatabase(check?.quick_check ?? 'no answer');
    db.exec(schema);
    db.defaultSafeIntegers(true);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/**
 * Mode 0600, for a new database and for one that is there. SQLite takes the umask's mode for a new one, and gives
 * its companions the mode of the database. What is no plain file is left for SQLite to refuse.
 */
function makePrivate(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) closeSync(openSync(path, 'wx', 0o600));
  for (const suffix of companions) {
    if (lstatSync(path + suffix, { throwIfNoEntry: false })?.isFile() === true) chmodSync(path + suffix, 0o600);
  }
}

/** Whether `error` says that the file is no (sound) database, and not that the disk is full or failing. */
export function isUnusable(error: unknown, path: string): boolean {
  if (error instanceof CorruptDatabase) return true;
  const code = errorCodeOf(error) ?? '';
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return true;
  return companions.some((suffix) => lstatSync(path + suffix, { throwIfNoEntry: false })?.isFile() === false);
}

/** Moves an unusable database aside with its companions, and returns where to. */
export function moveAside(path: string, now: Date): string {
  const aside = `${path}.corrupt-${now.toISOString().replaceAll(':', '')}`;
  for (const suffix of companions) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  return aside;
}
