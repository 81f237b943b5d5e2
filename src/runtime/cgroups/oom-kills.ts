import { statSync } from 'node:fs';

import { type ContainerCgroup, directoryOf } from './cgroup';
import { KernelFiles } from './kernel-files';
import { subdirectories } from './pids';

/** What `memory.oom_control` (version 1, memory.rst) or `memory.events` (version 2, cgroup-v2.rst) says. */
export interface OomCount {
  /** Processes killed by the OOM killer since the cgroup was made; undefined before Linux 4.13. */
  readonly kills: number | undefined;
  /** Version 1: processes wait for memory instead of being killed. */
  readonly killDisabled: boolean;
  /** Version 1: somebody in the cgroup wants memory, and there is none. */
  readonly isOut: boolean;
}

export function parseOomCount(text: string): OomCount {
  const kills = /^oom_kill (\d+)$/m.exec(text)?.[1];
  return {
    kills: kills === undefined ? undefined : Number(kills),
    killDisabled: /^oom_kill_disable 1$/m.test(text),
    isOut: /^under_oom 1$/m.test(text),
  };
}

/**
 * How many processes of the container the OOM killer has killed. For whoever is about to have the cgroup
 * removed: afterwards nobody can tell any more.
 *
 * @returns undefined where the kernel does not count, or the cgroup is gone
 */
export function readOomKills(cgroup: ContainerCgroup): number | undefined {
  const directory = directoryOf(cgroup, 'memory');
  if (directory === undefined) return undefined;
  const files = new KernelFiles();
  if (directory.version === 2) return parseOomCount(files.text(`${directory.path}/memory.events`) ?? '').kills;
  const own = parseOomCount(files.text(`${directory.path}/memory.oom_control`) ?? '').kills;
  if (own === undefined) return undefined;
  return [...killsBelow(files, directory.path).values()].reduce((sum, kills) => sum + kills, own);
}

/**
 * Version 1 counts a kill only in the cgroup in which the killed process was, so the cgroups below have to be
 * looked at too. (Version 2 counts it in all above.)
 *
 * @returns the count of each cgroup below, by its directory
 */
export function killsBelow(files: KernelFiles, directory: string, found = new Map<string, number>()): Map<string, number> {
  // A link count of 2: no directory in it.
  const links = statSync(directory, { throwIfNoEntry: false })?.nlink ?? 2;
  for (const name of links === 2 ? [] : subdirectories(directory)) {
    const below = `${directory}/${name}`;
    found.set(below, parseOomCount(files.text(`${below}/memory.oom_control`) ?? '').kills ?? 0);
    killsBelow(files, below, found);
  }
  return found;
}
