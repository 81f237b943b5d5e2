import { closeSync, existsSync, openSync, readSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import type { Poller, Watch } from '../../sys/poller';
import { type ContainerCgroup, type ControllerDirectory, directoryOf, gone } from './cgroup';
import { isAbsence, KernelFiles } from './kernel-files';

/** Longer than what is just being done in the kernel takes. */
const momentMs = 100;
/** For so long each turn of the loop looks again. */
const busyMs = 5;

/**
 * Whether the container itself is paused, by what the kernel says: that, and not past events, is what
 * holds after a restart. One whose cgroup is frozen only because one above it is, counts as running: resuming it
 * would not help. Sources: Documentation/admin-guide/cgroup-v1/freezer-subsystem.rst (`freezer.self_freezing`
 * is 1 from the request on), cgroup-v2.rst (`cgroup.freeze`, since Linux 5.2).
 *
 * @throws RuntimeError `gone` when the cgroup has been removed
 */
export function readFreezerState(cgroup: ContainerCgroup): 'running' | 'paused' {
  const directory = directoryOf(cgroup, 'freezer');
  if (directory === undefined) return 'running';
  const files = new KernelFiles();
  const asked = files.value(`${directory.path}/${directory.version === 1 ? 'freezer.self_freezing' : 'cgroup.freeze'}`);
  if (files.someAbsent && !existsSync(directory.path)) throw gone(`cgroup ${directory.path}`);
  return asked === 1n ? 'paused' : 'running';
}

/**
 * Whether a process of the container dies of SIGKILL while it is frozen: on version 2 (cgroup-v2.rst, `cgroup.freeze`),
 * but not on version 1, where the signal waits.
 */
export function canKillFrozen(cgroup: ContainerCgroup): boolean {
  return directoryOf(cgroup, 'freezer')?.version !== 1;
}

/**
 * Stops all of a container's processes, without its runtime, and waits until none of them gets a processor any more. Where
 * that does not come within a moment they run on: version 1 may miss processes that are just being born, and only
 * writing again and again helps (runc's cgroups/fs/freezer.go).
 *
 * @returns whether they stand still; false also where the container has no freezer
 * @throws RuntimeError `gone` when the cgroup has been removed
 */
export async function freeze(cgroup: ContainerCgroup, poller: Poller): Promise<boolean> {
  const directory = directoryOf(cgroup, 'freezer');
  if (directory === undefined || !askToFreeze(cgroup)) return false;
  const stands = directory.version === 1 ? await untilFrozen(directory.path) : await untilToldFrozen(directory.path, poller);
  if (!stands) thaw(cgroup);
  return stands;
}

/** Has the kernel stop the container's processes, and does not wait. @returns whether there is a freezer @throws RuntimeError `gone` */
export function askToFreeze(cgroup: ContainerCgroup): boolean {
  const directory = directoryOf(cgroup, 'freezer');
  return directory !== undefined && write(directory, directory.version === 1 ? 'FROZEN' : '1');
}

/**
 * Lets a paused container run again, without its runtime.
 * Does nothing where nothing is frozen, or the container has no freezer.
 *
 * @throws RuntimeError `gone` when the cgroup has been removed
 */
export function thaw(cgroup: ContainerCgroup): void {
  const directory = directoryOf(cgroup, 'freezer');
  if (directory !== undefined) write(directory, directory.version === 1 ? 'THAWED' : '0');
}

/** @returns false where the kernel has no such file @throws RuntimeError `gone` */
function write(directory: ControllerDirectory, word: string): boolean {
  try {
    // r+: the file must be there; a directory of another file system shall not get one.
    writeFileSync(`${directory.path}/${directory.version === 1 ? 'freezer.state' : 'cgroup.freeze'}`, word, { flag: 'r+' });
    return true;
  } catch (error) {
    if (!isAbsence(error)) throw error;
    if (!existsSync(directory.path)) throw gone(`cgroup ${directory.path}`, error);
    return false;
  }
}

/** Version 1 tells nobody when all stand still: it looks when it is asked. Mostly they do at the first look. */
async function untilFrozen(path: string): Promise<boolean> {
  const files = new KernelFiles();
  const began = performance.now();
  for (;;) {
    const state = files.text(`${path}/freezer.state`)?.trim();
    if (state === 'FROZEN') return true;
    const passedMs = performance.now() - began;
    if (state === undefined || passedMs > momentMs) return false;
    await (passedMs < busyMs ? new Promise(setImmediate) : delay(1));
  }
}

/** Version 2 makes `cgroup.events` ready for POLLPRI when it changes (cgroup-v2.rst). */
async function untilToldFrozen(path: string, poller: Poller): Promise<boolean> {
  let fd: number;
  try {
    fd = openSync(`${path}/cgroup.events`, 'r');
  } catch (error) {
    if (isAbsence(error)) return false;
    throw error;
  }
  const isFrozen = (): boolean => {
    const text = Buffer.allocUnsafe(256);
    return /^frozen 1$/m.test(text.toString('latin1', 0, readSync(fd, text, 0, text.length, 0)));
  };
  const patience = new AbortController();
  let watch: Watch | undefined;
  try {
    const told = new Promise<boolean>((resolve, reject) => {
      const look = (): void => {
        try {
          if (isFrozen()) resolve(true);
        } catch (error) {
          reject(error as Error);
        }
      };
      watch = poller.watch(fd, { pri: true, edge: true }, look);
      look();
    });
    return await Promise.race([told, delay(momentMs, false, { signal: patience.signal })]);
  } catch (error) {
    if (isAbsence(error)) return false;
    throw error;
  } finally {
    patience.abort();
    watch?.close();
    closeSync(fd);
  }
}
