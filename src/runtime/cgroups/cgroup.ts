import { RuntimeError } from '../errors';

/**
 * Where the kernel keeps a container's cgroup. Plain data that survives JSON, so that it can be kept for
 * the container's life: its first process may move itself to a sub-cgroup later, and the cgroup outlives it.
 *
 * A controller in whose hierarchy the container has no cgroup of its own (it is in the root, with the rest
 * of the machine) is left out: the root's figures and processes are not the container's.
 */
export interface ContainerCgroup {
  /**
   * cgroup version 1: absolute directory by controller (`memory`, `cpuacct`, …; `name=systemd` for a named
   * hierarchy). Controllers that are mounted together have the same directory. Empty on a pure version 2 machine.
   */
  readonly controllers: Readonly<Record<string, string>>;
  /** cgroup version 2: absolute directory. On a hybrid machine it is there beside `controllers`. */
  readonly unified?: string;
  /** The page sizes that the hugetlb controller counts, as in its file names (`2MB`). */
  readonly hugePageSizes: readonly string[];
}

/** The directory in which the files of a controller are, and by which version's names. */
export interface ControllerDirectory {
  readonly version: 1 | 2;
  readonly path: string;
}

/**
 * A controller is in one hierarchy only (cgroups(7)): what version 1 does not have may be in version 2.
 * @returns undefined where the container has no cgroup that could have the controller
 */
export function directoryOf(cgroup: ContainerCgroup, controller: string): ControllerDirectory | undefined {
  const path = cgroup.controllers[controller];
  if (path !== undefined) return { version: 1, path };
  return cgroup.unified === undefined ? undefined : { version: 2, path: cgroup.unified };
}

/** Every directory of the cgroup, each once. */
export function directoriesOf(cgroup: ContainerCgroup): string[] {
  const all = Object.values(cgroup.controllers);
  return [...new Set(cgroup.unified === undefined ? all : [...all, cgroup.unified])];
}

/** What is thrown where a cgroup, or the process that it was to be found by, is no longer there. */
export function gone(what: string, cause?: unknown): RuntimeError {
  return new RuntimeError('gone', `${what} is gone`, { cause });
}
