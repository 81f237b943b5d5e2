import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  rmdirSync,
  symlinkSync,
  unlinkSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { StateDir } from '../runtime/layout';
import { faultPoint } from '../sys/fault';
import { mkfifo } from '../sys/files';
import { errorCodeOf } from '../sys/thrown';

/** Time for the end to be told, and for what its client asks next; over before the runtime that this may have started is. */
const trashRestsMs = 5;

/**
 * Removes a directory of the state directory so that a restart never sees half of it:
 * it goes out of the way in one rename, and is taken apart there a moment later. With
 * the rename it is gone for everybody, so the end that is told next need not wait for
 * forty more system calls.
 */
export function discardDir(stateDir: StateDir, dir: string): void {
  const trash = join(stateDir.companion, 'trash');
  const target = join(trash, `${process.pid}-${process.hrtime.bigint()}`);
  faultPoint('daemon.discard.before-rename');
  try {
    moveInto(trash, dir, target);
  } catch (error) {
    // The state directory may be a mount of its own (EXDEV): then it is taken apart in place.
    if (errorCodeOf(error) !== 'ENOENT') rmSync(dir, { recursive: true, force: true });
    return;
  }
  // Out of the way it is; what cannot be removed now goes when the daemon stops, or at the next start.
  setTimeout(() => { takeApart(target); }, trashRestsMs).unref();
}

function moveInto(trash: string, dir: string, target: string): void {
  try {
    renameSync(dir, target);
  } catch (error) {
    // Either of the two is missing.
    if (errorCodeOf(error) !== 'ENOENT') throw error;
    mkdirSync(trash, { recursive: true, mode: 0o700 });
    renameSync(dir, target);
  }
}

/**
 * In one go: the sixteen entries of a container take 0.13 ms, and six times as much processor time, on two threads,
 * where each system call goes through the pool.
 */
function takeApart(dir: string): void {
  try {
    faultPoint('daemon.discard.before-removal');
    removeTree(dir);
  } catch {
    // Somebody holds on to it, as a mount does.
  }
}

function removeTree(dir: string): void {
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) removeTree(path);
    else unlinkSync(path);
  }
  rmdirSync(dir);
}

/** What is still in the trash: at a start, what a killed daemon left there; at the end, what has not been taken apart yet. */
export function emptyTrash(stateDir: StateDir): void {
  const trash = join(stateDir.companion, 'trash');
  if (!existsSync(trash)) return;
  for (const name of readdirSync(trash)) rmSync(join(trash, name), { recursive: true, force: true });
}

/**
 * Moves an entry that nobody can make sense of out of the state directory, and
 * returns where to: its id is free again, and nothing of it is lost.
 */
export function setAside(stateDir: StateDir, dir: string, name: string): string {
  const place = join(stateDir.companion, 'set-aside');
  mkdirSync(place, { recursive: true, mode: 0o700 });
  const target = join(place, `${name.slice(0, 200)}-${new Date().toISOString().replaceAll(':', '')}-${process.hrtime.bigint()}`);
  try {
    renameSync(dir, target);
  } catch (error) {
    if (errorCodeOf(error) !== 'EXDEV') throw error;
    // The state directory is a mount of its own.
    copyTree(dir, target);
    rmSync(dir, { recursive: true });
  }
  return target;
}

/** Removes the lifted bundles of containers that are not there any more. */
export function sweepLiftedBundles(stateDir: StateDir): void {
  const bundles = dirname(stateDir.liftedBundle('any'));
  if (!existsSync(bundles)) return;
  for (const id of readdirSync(bundles)) {
    if (!existsSync(stateDir.containerDir(id))) rmSync(join(bundles, id), { recursive: true, force: true });
  }
}

/** Files, directories and links as they are, and FIFOs anew: who holds one goes on with it, unnamed. Sockets are left out. */
function copyTree(from: string, to: string): void {
  const stat = lstatSync(from);
  if (stat.isDirectory()) {
    mkdirSync(to, { mode: 0o700 });
    for (const name of readdirSync(from)) copyTree(join(from, name), join(to, name));
  } else if (stat.isFile()) {
    copyFileSync(from, to);
  } else if (stat.isSymbolicLink()) {
    symlinkSync(readlinkSync(from), to);
  } else if (stat.isFIFO()) {
    mkfifo(to, 0o600);
  }
}
