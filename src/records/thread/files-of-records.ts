import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { errorCodeOf } from '../../sys/thrown';

/**
 * Below the daemon's root: the files of blobs and snapshots, of which the records alone tell. A directory of our own, since in containerd's place the
 * root is containerd's, whose files lie beside.
 */
export const imagesDirectory = 'images';

/** Files that the records do not know (any more) lie at `aside` now. */
export type OnFilesSetAside = (aside: string) => void;

/**
 * Moves what an earlier database told of out of the way of a new one, for which all of it would be left over, and would be removed: also the
 * snapshots that running containers are mounted of. What is mounted stays so: the kernel knows directories, not their names.
 *
 * @param root the directory of the database
 * @throws an Error of `fs`: then no new database is to be begun
 */
export function setAsideFilesOfRecords(root: string, now: Date, onSetAside: OnFilesSetAside): void {
  const aside = join(root, `${imagesDirectory}.without-records-${now.toISOString().replaceAll(':', '')}`);
  try {
    renameSync(join(root, imagesDirectory), aside);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return;
    throw error;
  }
  onSetAside(aside);
}
