import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const mount = '/sys/fs/cgroup';

/** Whether this machine's cgroups are of version 2 alone (cgroups(7)). */
export function isVersion2(): boolean {
  return existsSync(join(mount, 'cgroup.controllers'));
}

/** The directory of a cgroup in the hierarchy of that controller. */
export function cgroupDirectory(cgroup: string, controller: string): string {
  return isVersion2() ? join(mount, cgroup) : join(mount, controller, cgroup);
}

/**
 * The content of a file of a cgroup, without the line break.
 *
 * @param file by version: `{ v1: 'memory.limit_in_bytes', v2: 'memory.max' }`
 */
export function readCgroupFile(cgroup: string, controller: string, file: { readonly v1: string; readonly v2: string }): string {
  return readFileSync(join(cgroupDirectory(cgroup, controller), isVersion2() ? file.v2 : file.v1), 'utf8').trim();
}
