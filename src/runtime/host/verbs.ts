import { setTimeout as delay } from 'node:timers/promises';
import { SIGKILL, killPid, signalPid, unlessGone } from '../../sys/process/process';
import { type ContainerCgroup, directoriesOf, directoryOf } from '../cgroups/cgroup';
import { askToFreeze, thaw } from '../cgroups/freezer';
import { KernelFiles } from '../cgroups/kernel-files';
import { RuntimeError } from '../errors';
import { Fields } from '../fields';
import { parseJson } from '../json';
import { hostError } from './host-error';
import { readHostFile } from './host-file';
import { processesIn, removeDirectories } from './hierarchies';
import { writeLimits } from './limits';

const firstPauseMs = 1;
const longestPauseMs = 50;
/** What has been killed and is not gone by then sits in the kernel (state D, ps(1)), and cannot be waited for. */
const patienceMs = 10_000;
/** A process is frozen when it comes back from the kernel. */
const freezePatienceMs = 5000;

/** Stops all of its processes. Resolves when they stand. @throws RuntimeError `host-program` */
export async function pauseProgram(initDir: string): Promise<void> {
  const { cgroup } = readHostFile(initDir);
  if (!freeze(cgroup)) throw hostError('the host has no freezer, or the program has ended');
  // Again and again: version 1 may miss processes that are just being born.
  if (await until(() => freeze(cgroup) && isFrozen(cgroup), freezePatienceMs)) return;
  thaw(cgroup);
  throw hostError('the program cannot be paused: a process of it sits in the kernel');
}

export function resumeProgram(initDir: string): void {
  thaw(readHostFile(initDir).cgroup);
}

/** @param resources an OCI `linux.resources`, as JSON: what is not named stays as it is @throws RuntimeError `host-program` */
export async function updateProgram(initDir: string, resources: string): Promise<void> {
  const { cgroup } = readHostFile(initDir);
  await writeLimits(cgroup, Fields.of(parseJson(resources), 'resources', 'host-program'));
}

/** A signal to every process of the program. */
export async function killAll(initDir: string, signal: number): Promise<void> {
  const { cgroup } = readHostFile(initDir);
  if (signal === SIGKILL) {
    await emptied(cgroup);
    return;
  }
  for (const pid of processesIn(directoriesOf(cgroup))) unlessGone(() => { signalPid(pid, signal); });
}

/** Ends what is left in the cgroup, and removes it. Can be repeated. @throws RuntimeError `host-program` where somebody cannot be ended */
export async function deleteProgram(initDir: string): Promise<void> {
  const { cgroup } = readHostFile(initDir);
  const directories = directoriesOf(cgroup);
  // What is killed may take a moment to be out of it, and a stub that was on its way may come in now.
  const isGone = await until(async () => {
    if (removeDirectories(directories)) return true;
    await emptied(cgroup);
    return removeDirectories(directories);
  }, patienceMs);
  if (!isGone) throw hostError(`cgroup ${directories[0] ?? ''} cannot be removed: processes ${[...processesIn(directories)].join(', ')} cannot be ended`);
}

/** SIGKILL until nobody is left. What goes on making processes is stopped meanwhile, so that none gets away. */
async function emptied(cgroup: ContainerCgroup): Promise<void> {
  const directories = directoriesOf(cgroup);
  let rounds = 0;
  await until(() => {
    const pids = processesIn(directories);
    if (pids.size === 0) return true;
    rounds += 1;
    const stops = rounds > 1 && freeze(cgroup);
    // On version 1 a frozen process dies when it is thawed.
    for (const pid of stops ? processesIn(directories) : pids) killPid(pid);
    unlessRemoved(() => { thaw(cgroup); });
    return false;
  }, patienceMs);
}

/** @returns whether there is a freezer, and it was asked */
function freeze(cgroup: ContainerCgroup): boolean {
  return unlessRemoved(() => askToFreeze(cgroup)) ?? false;
}

function isFrozen(cgroup: ContainerCgroup): boolean {
  const directory = directoryOf(cgroup, 'freezer');
  if (directory === undefined) return false;
  const files = new KernelFiles();
  if (directory.version === 1) return files.text(`${directory.path}/freezer.state`)?.trim() === 'FROZEN';
  return files.table(`${directory.path}/cgroup.events`)['frozen'] === 1n;
}

/** @returns undefined where the cgroup is gone */
function unlessRemoved<T>(act: () => T): T | undefined {
  try {
    return act();
  } catch (error) {
    if (error instanceof RuntimeError && error.code === 'gone') return undefined;
    throw error;
  }
}

/** The kernel announces none of this. @returns whether it came to be */
async function until(isSo: () => boolean | Promise<boolean>, longestMs: number): Promise<boolean> {
  const beganMs = performance.now();
  for (let pauseMs = firstPauseMs; !(await isSo()); pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
    if (performance.now() - beganMs > longestMs) return false;
    await delay(pauseMs);
  }
  return true;
}
