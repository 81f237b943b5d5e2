import { readdirSync, readFileSync } from 'node:fs';

import { isRunning } from '../../sys/process/proc-stat';
import { RuntimeError } from '../errors';
import { type ContainerCgroup, directoriesOf } from './cgroup';
import { readPids } from './pids';

/**
 * The processes of a container that run, zombies left out, numbered as in our pid namespace.
 * @returns undefined where the container has no cgroup of its own, which tells nothing
 */
export function livingIn(cgroup: ContainerCgroup): number[] | undefined {
  if (directoriesOf(cgroup).length === 0) return undefined;
  try {
    return readPids(cgroup).filter((pid) => isRunning(pid, undefined));
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'gone') return [];
    throw error;
  }
}

/**
 * The running processes in a cgroup that bears the container's id. For a container whose cgroup nobody has
 * written down: one that was given a cgroup of another name is not found so. Reads all of /proc: milliseconds.
 */
export function livingOf(id: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => bearsId(cgroupsOf(pid), id) && isRunning(pid, undefined));
}

/** As runtimes name cgroups: the id is a part of the path, or the end of a systemd scope's name. */
function bearsId(cgroups: string, id: string): boolean {
  return cgroups.split(/[\n/:]/).some((part) => part === id || part.endsWith(`-${id}.scope`));
}

function cgroupsOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cgroup`, 'utf8');
  } catch {
    // It has ended since.
    return '';
  }
}
