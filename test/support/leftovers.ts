import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { cgroupDirectories, removeCgroups } from './cgroups';
import { specialFilesBelow } from './files';
import { processesInCgroup, processesNaming, signalExactly, waitForExit } from './processes';
import type { SeenProcess } from './processes';

/** Where one test's things are, and nothing else of this machine. */
export interface Territory {
  /** Everything on disk is below it, and every process of ours names it in its command line. */
  readonly directory: string;
  readonly stateDir: string;
  /** The `--root` of the runtime. */
  readonly runtimeRoot: string;
  /** The parent cgroup of all containers, in every hierarchy. */
  readonly cgroup: string;
  /** Directories whose FIFOs and sockets belong to the test itself. */
  readonly ownDirectories: readonly string[];
}

/** Something that should not be there any more, in words. */
export class LeftoverError extends Error {
  readonly code = 'leftovers';

  constructor(readonly leftovers: readonly string[]) {
    super(`left behind:\n${leftovers.map((leftover) => `  ${leftover}`).join('\n')}`);
    this.name = 'LeftoverError';
  }
}

/** What is left of a test when it is over, each thing named. Changes nothing. */
export function findLeftovers(territory: Territory): string[] {
  return [
    ...leftOfContainers(territory),
    ...entries(companion(territory)).filter((name) => !usualCompanions.has(name)).map((name) => `${name} beside the state directory`),
    ...entries(join(companion(territory), 'trash')).map((name) => `half-removed directory ${name}`),
    ...processes(territory).map((seen) => `process ${String(seen.pid)}: ${seen.commandLine}`),
    ...specialFilesBelow(territory.directory, new Set(territory.ownDirectories)).map((path) => `FIFO or socket ${path}`),
  ];
}

/** What is there of containers, but for their processes, beside a daemon that lives. */
export function leftOfContainers(territory: Territory): string[] {
  return [
    ...entries(territory.runtimeRoot).map((name) => `container ${name} in the runtime's root`),
    ...directories(territory.stateDir).map((name) => `directory ${name} in the state directory`),
    ...perNamespace(territory, 'namespaces').map((path) => `task directory ${path}`),
    ...perNamespace(territory, 'io.containerd.runtime.v2.task').map((path) => `bundle ${path}`),
    ...perNamespace(territory, 'runc').map((path) => `container ${path} in a runtime's root`),
    ...entries(join(companion(territory), 'bundles')).map((name) => `lifted bundle ${name}`),
    ...mounts(territory).map((path) => `mount ${path}`),
    ...cgroupDirectories(territory.cgroup).below.map((path) => `cgroup ${path}`),
  ];
}

/**
 * Ends and removes what is left, by exact pids and paths. The directory itself stays, and so does what
 * cannot be removed: the caller looks again.
 */
export async function removeLeftovers(territory: Territory): Promise<void> {
  // Frozen processes do not die: the runtime knows how to thaw them.
  for (const name of entries(territory.runtimeRoot)) {
    tryRun('runc', ['--root', territory.runtimeRoot, 'resume', name]);
    tryRun('runc', ['--root', territory.runtimeRoot, 'delete', '--force', name]);
  }
  for (const seen of processes(territory)) {
    signalExactly(seen, 'SIGKILL');
    await waitForExit(seen.pid);
  }
  for (const path of mounts(territory).reverse()) tryRun('umount', ['--lazy', path]);
  const { own, below } = cgroupDirectories(territory.cgroup);
  removeCgroups([...below, ...own]);
}

/** Processes which name the test's directory or sit in its cgroups. */
export function processes(territory: Territory): SeenProcess[] {
  const named = processesNaming(territory.directory);
  const known = new Set(named.map((seen) => seen.pid));
  return [...named, ...processesInCgroup(territory.cgroup).filter((seen) => !known.has(seen.pid))];
}

/** What lies there without anything in it is nobody's; the records are a daemon's own, where it is given a state directory alone. */
const usualCompanions = new Set(['bundles', 'trash', 'namespaces', 'io.containerd.runtime.v2.task', 'runc', 'root']);

function perNamespace(territory: Territory, kind: string): string[] {
  const place = join(companion(territory), kind);
  return directories(place).flatMap((namespace) => entries(join(place, namespace)).map((name) => join(place, namespace, name)));
}

/** Beside the state directory: bundles lifted to the runtime's specification, and what is being removed. */
function companion(territory: Territory): string {
  return `${territory.stateDir}.holdfast`;
}

function mounts(territory: Territory): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .flatMap((line) => line.split(' ')[4] ?? [])
    .filter((path) => path.startsWith(`${territory.directory}/`));
}

function entries(directory: string): string[] {
  return existsSync(directory) ? readdirSync(directory) : [];
}

function directories(directory: string): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.name));
}

function tryRun(program: string, args: readonly string[]): void {
  try {
    execFileSync(program, args, { stdio: 'ignore' });
  } catch {
    // What is left after all is found by the second look.
  }
}
