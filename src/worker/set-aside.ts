import { closeSync, copyFileSync, mkdirSync, renameSync, symlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { StateDir } from '../runtime/state-dir/layout';
import { mkfifo } from '../sys/files/files';
import { HeldDirectory } from '../sys/files/held-directory';
import { removeTree } from '../sys/files/remove-tree';
import { errorCodeOf } from '../sys/thrown';

/**
 * Moves an entry that nobody can make sense of out of the state directory, and
 * returns where to: its id is free again, and nothing of it is lost.
 * @throws where that cannot be, as while something is mounted on it; it is where it was then
 */
export function setAside(stateDir: StateDir, dir: string, name: string): string {
  const place = join(stateDir.companion, 'set-aside');
  mkdirSync(place, { recursive: true, mode: 0o700 });
  const target = join(place, `${name.replaceAll('/', '-').slice(0, 200)}-${new Date().toISOString().replaceAll(':', '')}-${process.hrtime.bigint()}`);
  try {
    renameSync(dir, target);
  } catch (error) {
    if (errorCodeOf(error) !== 'EXDEV') throw error;
    // The state directory is a mount of its own.
    copyWhole(dir, target);
    removeTree(dir);
  }
  return target;
}

/** All of it, or nothing: a mount in it is neither copied nor left out. */
function copyWhole(dir: string, target: string): void {
  const parent = HeldDirectory.open(dirname(dir));
  try {
    copyDirectory(parent, basename(dir), target);
  } catch (error) {
    removeTree(target);
    throw error;
  } finally {
    parent.close();
  }
}

/** Files, directories and links as they are, and FIFOs anew: who holds one goes on with it, unnamed. Sockets are left out. */
function copyDirectory(parent: HeldDirectory, name: string, to: string): void {
  const from = parent.enter(name);
  try {
    mkdirSync(to, { mode: 0o700 });
    for (const entry of from.entries()) {
      const target = join(to, entry.name);
      if (entry.isDirectory()) copyDirectory(from, entry.name, target);
      else if (entry.isFile()) copyFile(from, entry.name, target);
      else if (entry.isSymbolicLink()) symlinkSync(from.readLink(entry.name), target);
      else if (entry.isFIFO()) mkfifo(target, 0o600);
    }
  } finally {
    from.close();
  }
}

function copyFile(from: HeldDirectory, name: string, to: string): void {
  const fd = from.openFile(name);
  try {
    copyFileSync(`/proc/self/fd/${fd}`, to);
  } finally {
    closeSync(fd);
  }
}
