import { type ContainerCgroup, directoryOf, gone } from './cgroup';
import { isAbsence } from './kernel-files';
import { OomControlSource } from './oom-control-source';
import { OomEventsSource } from './oom-events-source';
import type { OomSource, OomSourceOptions } from './oom-source';

/**
 * @returns undefined where no memory controller watches over the container
 * @throws RuntimeError `gone` when the cgroup has been removed; SysError when there are no descriptors left
 */
export function openOomSource(cgroup: ContainerCgroup, options: OomSourceOptions = {}): OomSource | undefined {
  const directory = directoryOf(cgroup, 'memory');
  if (directory === undefined) return undefined;
  const { path, version } = directory;
  try {
    return version === 1
      ? new OomControlSource(path, options, options.now ?? (() => performance.now()))
      : new OomEventsSource(`${path}/memory.events`, options.knownKills);
  } catch (error) {
    if (isAbsence(error)) throw gone(`cgroup ${path}`, error);
    throw error;
  }
}
