import { closeSync, constants, ftruncateSync, lstatSync, openSync, renameSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { files } from './layout';
import { isMissing } from './read-file';

// With content, for the sake of its block: see clearStarting. Nobody reads it, so it need not appear whole.
const content = 'starting\n';

/** Marks a start that nobody has been told of yet: the first file of a process's directory. */
export function markStarting(processDir: string): void {
  writeFileSync(join(processDir, files.starting), content, { flag: 'wx', mode: 0o600 });
}

/** The name of an exec'd process is taken, and nobody has started it yet. */
export function markRegistered(processDir: string): void {
  writeFileSync(join(processDir, files.registered), content, { flag: 'wx', mode: 0o600 });
}

export function isRegistered(processDir: string): boolean {
  return isThere(join(processDir, files.registered));
}

/** The start of one that was registered, in one step: a restart finds it registered, or starting. @throws the system error of node:fs */
export function markRegisteredStarting(processDir: string): void {
  renameSync(join(processDir, files.registered), join(processDir, files.starting));
}

export function isStarting(processDir: string): boolean {
  return isThere(join(processDir, files.starting));
}

/**
 * The start has been told: from here on a restart goes on with the process. The mark's file stays, under another name: where
 * containers themselves have filled the disk, only their ends make room, and each end begins with a file.
 */
export function clearStarting(processDir: string): void {
  try {
    renameSync(join(processDir, files.starting), join(processDir, files.spare));
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/**
 * Writes a file of the process's directory whole, without any room: the file that was the mark becomes it.
 * @returns false where there is none: taken already, or the start was not told, or is another daemon's
 * @throws the system error of node:fs
 */
export function writeIntoSpare(processDir: string, path: string, text: string): boolean {
  const spare = join(processDir, files.spare);
  if (!isThere(spare)) return false;
  const fd = openSync(spare, constants.O_WRONLY | constants.O_NOFOLLOW);
  try {
    // In place: nobody reads it before it is renamed.
    writeSync(fd, text, 0);
    ftruncateSync(fd, text.length);
  } finally {
    closeSync(fd);
  }
  renameSync(spare, path);
  return true;
}

function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
