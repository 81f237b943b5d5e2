import { closeSync, constants, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { errorCodeOf } from '../../sys/thrown';

const UNFINISHED = '.new';

/** Whether a file of this name was being written when its writer was killed. */
export function isUnfinished(name: string): boolean {
  return name.endsWith(UNFINISHED);
}

/**
 * Writes a file whole: under another name in the same directory, then renamed, so that a reader
 * (or a restart, whenever we are killed) finds the old content or the new one. Not flushed to the
 * disk: what is described here does not survive the host either.
 * @throws the system error (ENOSPC, EIO …) of node:fs; nothing is left behind then
 */
export function writeWhole(path: string, data: string | Buffer, mode = 0o600): void {
  const other = `${path}.${process.pid}${UNFINISHED}`;
  const fd = createAnew(other, mode);
  try {
    try {
      writeFileSync(fd, data);
    } finally {
      closeSync(fd);
    }
    renameSync(other, path);
  } catch (error) {
    rmSync(other, { force: true });
    throw error;
  }
}

function createAnew(path: string, mode: number): number {
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;
  try {
    return openSync(path, flags, mode);
  } catch (error) {
    if (errorCodeOf(error) !== 'EEXIST') throw error;
    // Left by a process of this pid that was killed in between.
    rmSync(path, { force: true });
    return openSync(path, flags, mode);
  }
}
