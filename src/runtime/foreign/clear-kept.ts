import { closeSync, constants, openSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { tryLockFile } from '../../sys/files/files';
import { errorCodeOf } from '../../sys/thrown';
import { allSeries, keptFileName, numbersOf, packedName } from '../kept-output/file-names';
import { holdsIn, isStanding, isUnread } from '../kept-output/holds';
import { packedSize } from './kept';

/** Whose output is to go. */
export interface KeptPlace {
  readonly dir: string;
  /** Where readers are told of (holds.ts). */
  readonly holdsDir: string;
}

const FILE_MODE = 0o640;
const NEW_FILE = constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW;

/** Who writes has the directory for a moment each time; one whose disk is full, for as long as it is. */
const PATIENCE_MS = 5000;
const LOOK_MS = 1;

/**
 * Removes what is kept, as rotating would: another file is begun, and all before it go, but for what a reader that is waited for has not read. So numbers go on rising, and no
 * writer has a file taken from under it. A directory that is not there is fine.
 * @returns whether that could be: where a writer has the directory, the file that it is at stays @throws the system's error
 */
export function clearKept({ dir, holdsDir }: KeptPlace): boolean {
  let dirFd: number;
  try {
    dirFd = openSync(dir, constants.O_RDONLY | constants.O_DIRECTORY);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return true;
    throw error;
  }
  try {
    const isOurs = untilLocked(dirFd);
    for (const series of allSeries) clearSeries({ dir, holdsDir }, series, isOurs);
    return isOurs;
  } finally {
    closeSync(dirFd);
  }
}

function clearSeries({ dir, holdsDir }: KeptPlace, series: (typeof allSeries)[number], isOurs: boolean): void {
  const numbers = numbersOf(series, readdirSync(dir));
  const newest = numbers.at(-1);
  if (newest === undefined) return;
  if (isOurs) closeSync(openSync(join(dir, keptFileName({ series, number: newest + 1 })), NEW_FILE, FILE_MODE));
  const holds = holdsIn(holdsDir).filter(isStanding);
  for (const number of isOurs ? numbers : numbers.slice(0, -1)) {
    const path = join(dir, keptFileName({ series, number }));
    if (holds.some((hold) => isUnread(hold, { series, number }, statSync(path, { throwIfNoEntry: false })?.size ?? packedSize(packedName(path)) ?? 0))) return;
    // In both ways where it has just been packed.
    for (const each of [path, packedName(path)]) rmSync(each, { force: true });
  }
}

/** A hand may wait: nobody else waits for it. */
function untilLocked(fd: number): boolean {
  const sleeper = new Int32Array(new SharedArrayBuffer(4));
  for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += LOOK_MS) {
    if (tryLockFile(fd)) return true;
    Atomics.wait(sleeper, 0, 0, LOOK_MS);
  }
  return false;
}
