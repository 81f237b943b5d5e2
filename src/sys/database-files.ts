import { existsSync, lstatSync, renameSync } from 'node:fs';
import { errorCodeOf } from './thrown';

/** What SQLite keeps under the name of a database. */
export const databaseCompanions = ['', '-wal', '-shm', '-journal'] as const;

/** SQLite opened the file, and its own check found it damaged. */
export class CorruptDatabase extends Error {}

/** Whether `error` says that the file is no (sound) database, and not that the disk is full or failing. */
export function isUnusable(error: unknown, path: string): boolean {
  if (error instanceof CorruptDatabase) return true;
  const code = errorCodeOf(error) ?? '';
  if (code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB') return true;
  return databaseCompanions.some((suffix) => lstatSync(path + suffix, { throwIfNoEntry: false })?.isFile() === false);
}

/** Moves an unusable database aside with its companions, and returns where to. */
export function moveAside(path: string, now: Date): string {
  const aside = `${path}.corrupt-${now.toISOString().replaceAll(':', '')}`;
  for (const suffix of databaseCompanions) {
    if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix);
  }
  return aside;
}
