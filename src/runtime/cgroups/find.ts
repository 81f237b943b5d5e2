import { readdirSync, readFileSync } from 'node:fs';

import { type ContainerCgroup, gone } from './cgroup';
import { isAbsence } from './kernel-files';
import { type CgroupMount, directoryBelow, parseCgroupMounts } from './mounts';

/** PF_EXITING of include/linux/sched.h, in the flags field of /proc/<pid>/stat. */
const exitingFlag = 0x4;

/**
 * Finds the cgroup of a container by one of its processes (its first one, soon after its creation).
 * Nothing is guessed: the names come from `/proc/<pid>/cgroup` (cgroups(7)), the directories from our own
 * mounts. Works also for a container in a cgroup namespace of its own: names are relative to ours.
 *
 * @throws RuntimeError `gone` when the process has ended or is about to
 */
export function findCgroup(pid: number, procRoot = '/proc'): ContainerCgroup {
  const names = readOfProcess(pid, `${procRoot}/${pid}/cgroup`);
  // Asked after: a process that ends is shown in the root cgroup of version 1, whatever it was in before.
  if (isEnding(readOfProcess(pid, `${procRoot}/${pid}/stat`))) throw gone(`process ${pid}`);
  return locateCgroup(names, cgroupMounts(procRoot));
}

let lastMountinfo = '';
let lastMounts: readonly CgroupMount[] = [];

/** Where we see cgroups mounted. They change about never, and a host of old Docker's has a line for each container. */
export function cgroupMounts(procRoot = '/proc'): readonly CgroupMount[] {
  const mountinfo = readFileSync(`${procRoot}/self/mountinfo`, 'utf8');
  if (mountinfo !== lastMountinfo) {
    lastMounts = parseCgroupMounts(mountinfo);
    lastMountinfo = mountinfo;
  }
  return lastMounts;
}

/** `names`: the content of /proc/<pid>/cgroup, lines of `hierarchy:controller,controller:path`. */
function locateCgroup(names: string, mounts: readonly CgroupMount[]): ContainerCgroup {
  const controllers: Record<string, string> = {};
  let unified: string | undefined;
  for (const line of names.split('\n')) {
    // The path may hold colons too.
    const [, list, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (list === undefined || path === undefined || path === '/') continue;
    if (list === '') {
      unified = firstDirectory(mounts.filter((mount) => mount.version === 2), path);
      continue;
    }
    for (const controller of list.split(',')) {
      const having = mounts.filter((mount) => mount.version === 1 && mount.options.includes(controller));
      const directory = firstDirectory(having, path);
      if (directory !== undefined) controllers[controller] = directory;
    }
  }
  const hugetlb = controllers['hugetlb'] ?? unified;
  return {
    controllers,
    ...(unified === undefined ? {} : { unified }),
    hugePageSizes: hugetlb === undefined ? [] : hugePageSizesIn(hugetlb),
  };
}

function firstDirectory(mounts: readonly CgroupMount[], path: string): string | undefined {
  for (const mount of mounts) {
    const directory = directoryBelow(mount, path);
    if (directory !== undefined) return directory;
  }
  return undefined;
}

/** From the file names, as the kernel composes them (Documentation/admin-guide/cgroup-v1/hugetlb.rst). */
function hugePageSizesIn(directory: string): string[] {
  try {
    return readdirSync(directory).flatMap((file) => {
      const size = /^hugetlb\.([^.]+)\.(?:usage_in_bytes|current)$/.exec(file)?.[1];
      return size === undefined ? [] : [size];
    });
  } catch (error) {
    if (isAbsence(error)) throw gone(`cgroup ${directory}`, error);
    throw error;
  }
}

function readOfProcess(pid: number, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (isAbsence(error)) throw gone(`process ${pid}`, error);
    throw error;
  }
}

/** proc_pid_stat(5): after the name in parentheses, which may hold anything, come state (3) … flags (9). */
function isEnding(stat: string): boolean {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, , , , , , flags] = fields;
  return state === 'Z' || state === 'X' || (Number(flags) & exitingFlag) !== 0;
}
