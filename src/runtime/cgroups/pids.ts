import { readdirSync, statSync } from 'node:fs';

import { type ContainerCgroup, gone } from './cgroup';
import { isAbsence, KernelFiles } from './kernel-files';

/**
 * Version 1 has the container's processes in each hierarchy. Those first that a process in the container
 * has the least reason to move about in by itself (a systemd does so in `name=systemd`).
 */
const preferred = ['devices', 'freezer', 'pids', 'memory', 'cpu', 'cpuacct', 'cpuset', 'blkio'];

/**
 * Every process of the container: of its cgroup and of all cgroups below, numbered as in our pid namespace.
 * About 20 µs for a container without sub-cgroups, 15 µs more for each of them.
 *
 * @returns in no particular order, each once; empty where the container has no cgroup of its own
 * @throws RuntimeError `gone` when the cgroup has been removed
 */
export function readPids(cgroup: ContainerCgroup): number[] {
  const directory = directoryOfProcesses(cgroup);
  if (directory === undefined) return [];
  const pids = new Set<number>();
  if (!collectPids(new KernelFiles(), directory, pids)) throw gone(`cgroup ${directory}`);
  return [...pids];
}

function directoryOfProcesses(cgroup: ContainerCgroup): string | undefined {
  const { controllers, unified } = cgroup;
  const name = preferred.find((controller) => controllers[controller] !== undefined);
  return name === undefined ? (unified ?? Object.values(controllers)[0]) : controllers[name];
}

/** Those of a cgroup and of all below it. @returns whether the directory was there; one below it that goes meanwhile has no processes any more */
export function collectPids(files: KernelFiles, directory: string, pids: Set<number>): boolean {
  const found = statSync(directory, { throwIfNoEntry: false });
  if (found === undefined) return false;
  // The file of a threaded cgroup (version 2) cannot be read: its processes are those of the cgroup above.
  for (const line of (files.text(`${directory}/cgroup.procs`) ?? '').split('\n')) {
    // A process that is outside of our pid namespace is shown as 0.
    if (line !== '' && line !== '0') pids.add(Number(line));
  }
  // A directory's link count is 2 and one for each directory in it, in cgroup file systems at any rate.
  if (found.nlink !== 2) {
    for (const name of subdirectories(directory)) collectPids(files, `${directory}/${name}`, pids);
  }
  return true;
}

/** Names of the cgroups directly below; none where the cgroup is gone. */
export function subdirectories(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));
  } catch (error) {
    if (isAbsence(error)) return [];
    throw error;
  }
}
