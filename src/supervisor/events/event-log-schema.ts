import type Database from 'better-sqlite3';
import { chmodSync, closeSync, lstatSync, openSync } from 'node:fs';
import { CorruptDatabase, databaseCompanions } from '../../sys/database-files';
import { openLasting } from '../../sys/lasting-database';
import { migrate } from './event-log-migrations';

export type Db = Database.Database;

/**
 * Opens the database, and makes its tables where they are missing or of an earlier version.
 *
 * WAL with synchronous=NORMAL: a commit survives the death of this process at any
 * moment (the pages are the kernel's), and a power cut cannot corrupt the file
 * (https://www.sqlite.org/pragma.html#pragma_synchronous). Exclusive locking: one
 * daemon per state directory has it, so no shared-memory file is needed.
 */
export function openDatabase(path: string): Db {
  makePrivate(path);
  const db = openLasting(path);
  try {
    db.exec('PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    const check = db.prepare('PRAGMA quick_check(1)').get() as { quick_check: string } | undefined;
    if (check?.quick_check !== 'ok') throw new CorruptDatabase(check?.quick_check ?? 'no answer');
    migrate(db);
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
  for (const suffix of databaseCompanions) {
    if (lstatSync(path + suffix, { throwIfNoEntry: false })?.isFile() === true) chmodSync(path + suffix, 0o600);
  }
}
