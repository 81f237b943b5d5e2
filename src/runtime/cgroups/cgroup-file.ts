import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { Fields } from '../fields';
import { printJson } from '../json';
import { files } from '../state-dir/layout';
import { readJsonFile } from '../state-dir/read-json';
import { writeWhole } from '../state-dir/whole-file';
import type { ContainerCgroup } from './cgroup';

const mostBytes = 64 << 10;

/**
 * Writes where the container's cgroup is into its init process's directory: for the shim, which counts the OOM
 * kills before it has the cgroup removed, and for a restart, when the process may have ended or moved on.
 * @throws the system error of node:fs
 */
export function writeCgroup(initDir: string, cgroup: ContainerCgroup): void {
  writeWhole(join(initDir, files.cgroup), printJson(cgroup));
}

/**
 * @returns undefined where it has not been written: a container of the original containerd
 * @throws RuntimeError `bad-file`, naming file and field
 */
export function readCgroup(initDir: string): ContainerCgroup | undefined {
  const path = join(initDir, files.cgroup);
  if (!existsSync(path)) return undefined;
  const fields = readJsonFile(path, 'bad-file', { mostBytes });
  return {
    controllers: pathsOf(fields.object('controllers')),
    ...(fields.isAbsent('unified') ? {} : { unified: fields.absolutePath('unified') }),
    hugePageSizes: fields.strings('hugePageSizes'),
  };
}

function pathsOf(controllers: Fields): Record<string, string> {
  return Object.fromEntries(Object.keys(controllers.values).map((name) => [name, controllers.absolutePath(name)]));
}
