import { existsSync, writeFileSync } from 'node:fs';

import { type ContainerCgroup, directoryOf, gone } from './cgroup';
import { isAbsence, KernelFiles } from './kernel-files';

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
 * Lets a paused container run again, without its runtime.
 * Does nothing where nothing is frozen, or the container has no freezer.
 *
 * @throws RuntimeError `gone` when the cgroup has been removed
 */
export function thaw(cgroup: ContainerCgroup): void {
  const directory = directoryOf(cgroup, 'freezer');
  if (directory === undefined) return;
  const [file, word] = directory.version === 1 ? ['freezer.state', 'THAWED'] : ['cgroup.freeze', '0'];
  try {
    // r+: the file must be there; a directory of another file system shall not get one.
    writeFileSync(`${directory.path}/${file}`, word, { flag: 'r+' });
  } catch (error) {
    if (!isAbsence(error)) throw error;
    if (!existsSync(directory.path)) throw gone(`cgroup ${directory.path}`, error);
  }
}
