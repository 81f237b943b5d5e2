import { existsSync, mkdirSync, readdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Logger } from '../runtime/logger';
import type { StateDir } from '../runtime/state-dir/layout';
import { faultPoint } from '../sys/fault';
import { exchange } from '../sys/files/files';
import { removeTree } from '../sys/files/remove-tree';
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
  const { trash, target } = placeInTrash(stateDir);
  faultPoint('daemon.discard.before-rename');
  try {
    moveInto(trash, dir, target);
  } catch (error) {
    // The state directory may be a mount of its own (EXDEV): then it is taken apart in place. One that something is
    // mounted on (EBUSY) is not.
    if (errorCodeOf(error) !== 'ENOENT') removeTree(dir);
    return;
  }
  takeApartLater(target);
}

/**
 * Makes a directory, or a new one in the place of one that is there, which is discarded: a restart finds either, whole.
 * @param make is given the path to make it under first @throws what `make` and the file system say: then nothing has changed
 */
export function replaceDir(stateDir: StateDir, dir: string, make: (fresh: string) => void): void {
  const { trash, target } = placeInTrash(stateDir);
  mkdirSync(trash, { recursive: true, mode: 0o700 });
  let isLeft = true;
  try {
    make(target);
    if (existsSync(dir)) {
      exchange(target, dir);
    } else {
      renameSync(target, dir);
      isLeft = false;
    }
  } finally {
    // What was there, or what was not made to its end.
    if (isLeft) takeApartLater(target);
  }
}

function placeInTrash(stateDir: StateDir): { readonly trash: string; readonly target: string } {
  const trash = join(stateDir.companion, 'trash');
  return { trash, target: join(trash, `${process.pid}-${process.hrtime.bigint()}`) };
}

/** Out of the way it is; what cannot be removed now goes when the daemon stops, or at the next start. */
function takeApartLater(target: string): void {
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
 * In one go: the sixteen entries of a container take 0.25 ms, and several times as much processor time, on two threads,
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

/**
 * What is still in the trash goes: at a start, what a killed daemon left there; at the end, what has not been taken apart yet.
 * What cannot be removed stays there until the next time, and the log says so.
 */
export function emptyTrash(stateDir: StateDir, log: Logger): void {
  sweep(join(stateDir.companion, 'trash'), () => true, log);
}

/** Removes the lifted bundles of containers that are not there any more. */
export function sweepLiftedBundles(stateDir: StateDir, log: Logger): void {
  sweep(dirname(stateDir.liftedBundle('any')), (id) => !existsSync(stateDir.containerDir(id)), log);
}

function sweep(place: string, isRubbish: (name: string) => boolean, log: Logger): void {
  for (const name of namesIn(place, log).filter(isRubbish)) {
    try {
      removeTree(join(place, name));
    } catch (error) {
      log.warn({ path: join(place, name), err: error }, 'what an ended container left cannot be removed yet');
    }
  }
}

function namesIn(place: string, log: Logger): string[] {
  try {
    return readdirSync(place);
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT') log.warn({ path: place, err: error }, 'what ended containers left cannot be looked through');
    return [];
  }
}
