import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { errorCodeOf } from '../../sys/thrown';
import { type ContainerCgroup, directoriesOf } from '../cgroups/cgroup';
import { cgroupMounts } from '../cgroups/find';
import { KernelFiles } from '../cgroups/kernel-files';
import type { CgroupMount } from '../cgroups/mounts';
import { collectPids, subdirectories } from '../cgroups/pids';
import { hostError } from './host-error';

/** A host program has the host's devices, and so its cgroup in that hierarchy: whatever that is. */
const leftAlone = 'devices';
/** A new cgroup of version 1 has no processors and no memory (cpuset(7)): only for a program that is given some. */
const onRequest = 'cpuset';

/** Those with limits of ours alone: what is passed down stays so, also for the host's other cgroups. */
const delegated = ['cpu', 'cpuset', 'io', 'memory', 'pids'];

const controllerNames = new Set(['cpu', 'cpuacct', 'cpuset', 'memory', 'freezer', 'blkio', 'pids', 'hugetlb', 'net_cls', 'net_prio', 'perf_event', 'rdma', 'misc']);

const attempts = 5;

/**
 * Where a cgroup of that path is, or would be, in each hierarchy that it is made in.
 * @param path absolute, below the root of each hierarchy
 */
export function locateHostCgroup(path: string, options: { readonly cpuset: boolean }, procRoot = '/proc'): ContainerCgroup {
  const controllers: Record<string, string> = {};
  let unified: string | undefined;
  for (const mount of cgroupMounts(procRoot)) {
    // A part of a hierarchy that is mounted elsewhere is somebody's container.
    if (mount.root !== '/') continue;
    if (mount.version === 2) unified ??= isUsed(mount, procRoot) ? mount.mountPoint + path : undefined;
    else for (const controller of controllersOf(mount, options)) controllers[controller] ??= mount.mountPoint + path;
  }
  return { controllers, ...(unified === undefined ? {} : { unified }), hugePageSizes: [] };
}

/**
 * Beside version 1, version 2 may be mounted and mean nothing: it has none of the controllers with limits of ours, and nobody tells processes apart by it, so that ours too is in
 * its root. (With systemd's hybrid hierarchy it is in its unit's cgroup.) There a program would gain nothing, and its move costs what `entriesOf` says.
 */
function isUsed({ mountPoint }: CgroupMount, procRoot: string): boolean {
  const there = readFileSync(join(mountPoint, 'cgroup.controllers'), 'latin1').trim().split(' ');
  return delegated.some((controller) => there.includes(controller)) || !/^0::\/$/m.test(readFileSync(`${procRoot}/self/cgroup`, 'utf8'));
}

/**
 * Where a process of one thread writes `0` to be in the cgroup, one file of each directory. Version 1 has `tasks`: for `cgroup.procs`, of both versions, the kernel stops
 * all forks of the machine, and waits for an RCU grace period first (5 to 10 ms; `cgroup_attach_lock` in kernel/cgroup/cgroup.c), which it need not for the one thread that
 * moves itself (`cgroup_procs_write_start`, Linux 5.5).
 */
export function entriesOf(cgroup: ContainerCgroup): string[] {
  const { unified } = cgroup;
  return directoriesOf(cgroup).map((directory) => join(directory, directory === unified ? 'cgroup.procs' : 'tasks'));
}

function controllersOf({ options: words }: CgroupMount, { cpuset }: { readonly cpuset: boolean }): string[] {
  if (words.includes(leftAlone) || (words.includes(onRequest) && !cpuset)) return [];
  return words.filter((word) => controllerNames.has(word) || word.startsWith('name='));
}

/**
 * Makes the cgroup's directories. @throws RuntimeError `host-program` where processes are in one already: it is somebody's
 */
export function makeDirectories(directories: readonly string[]): void {
  for (const directory of directories) {
    // Nobody is in one that has just come to be.
    if (makeDirectory(directory)) continue;
    if (readFileSync(join(directory, 'cgroup.procs'), 'latin1') !== '') throw hostError(`cgroup ${directory} is in use`);
  }
}

/** The one above may be removed in between, by who removes the last cgroup in it. @returns whether it was not there */
function makeDirectory(directory: string): boolean {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const first = mkdirSync(directory, { recursive: true });
      delegate(directory);
      return first !== undefined;
    } catch (error) {
      if (errorCodeOf(error) !== 'ENOENT' || attempt === attempts) throw error;
    }
  }
}

/** Version 2: a cgroup has the controllers that those above pass down (cgroup-v2.rst, cgroup.subtree_control). */
function delegate(directory: string): void {
  const above: string[] = [];
  for (let at = dirname(directory); existsSync(join(at, 'cgroup.subtree_control')); at = dirname(at)) above.unshift(at);
  for (const at of above) {
    const there = readFileSync(join(at, 'cgroup.controllers'), 'latin1').trim().split(' ');
    const given = readFileSync(join(at, 'cgroup.subtree_control'), 'latin1').trim().split(' ');
    for (const controller of delegated) {
      if (!there.includes(controller) || given.includes(controller)) continue;
      try {
        writeFileSync(join(at, 'cgroup.subtree_control'), `+${controller}`, { flag: 'r+' });
      } catch (error) {
        // A limit that needs it says so.
        if (errorCodeOf(error) === 'ENOENT') throw error;
      }
    }
  }
}

/**
 * Removes the cgroup with all below it, and what was made above it, as far as nobody is in there.
 * @returns whether it is gone
 */
export function removeDirectories(directories: readonly string[]): boolean {
  return directories.map((directory) => {
    if (!removeBelow(directory)) return false;
    removeEmptyAbove(directory);
    return true;
  }).every(Boolean);
}

/** Removes what was made above a cgroup of that path, as far as nobody is in there. */
export function removeAbove(path: string): void {
  for (const { mountPoint, root } of cgroupMounts()) if (root === '/') removeEmptyAbove(mountPoint + path);
}

function removeBelow(directory: string): boolean {
  // Nearly always nothing is below it: its forty files need not be looked through for that.
  if (tryRemove(directory)) return true;
  for (const name of subdirectories(directory)) removeBelow(join(directory, name));
  return tryRemove(directory);
}

/** Up to the mount, whose directory is busy; one with another cgroup in it is, too, and one that somebody is in. */
function removeEmptyAbove(directory: string): void {
  for (let at = dirname(directory); isOurs(at); at = dirname(at)) if (!tryRemove(at)) return;
}

/** Of those above only what is named for us goes: another's cgroup may be empty and in use all the same. */
function isOurs(directory: string): boolean {
  return /\/holdfast(\/|$)/.test(directory) && existsSync(join(directory, 'cgroup.procs'));
}

function tryRemove(directory: string): boolean {
  try {
    rmdirSync(directory);
    return true;
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'ENOENT') return true;
    if (code === 'EBUSY' || code === 'ENOTEMPTY') return false;
    throw error;
  }
}

/** Every process in these cgroups and those below. One that has moved itself about is in another hierarchy's. */
export function processesIn(directories: readonly string[]): Set<number> {
  const pids = new Set<number>();
  const files = new KernelFiles();
  for (const directory of directories) collectPids(files, directory, pids);
  return pids;
}
