import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ContainerCgroup } from '../cgroups/cgroup';
import { readCgroup, writeCgroup } from '../cgroups/cgroup-file';
import { printJson } from '../json';
import { files } from '../state-dir/layout';
import { readJsonFile } from '../state-dir/read-json';
import { writeWhole } from '../state-dir/whole-file';
import { hostError } from './host-error';

const MOST_BYTES = 64 << 10;

/** What is written down of a host program before anything of it is made: so whoever finds it can take it away. */
export interface HostFile {
  readonly cgroup: ContainerCgroup;
  /** The FIFO that its stub waits on: of this creation alone, so that a stub that was left over from an earlier one of the same name finds nothing. */
  readonly startFifo: string;
  /** It has a mount namespace of its own, beside that of a pid namespace. */
  readonly hasOwnMounts: boolean;
}

/** @throws the system error of node:fs */
export function writeHostFile(initDir: string, { cgroup, startFifo, hasOwnMounts }: HostFile): void {
  writeCgroup(initDir, cgroup);
  writeWhole(join(initDir, files.host), printJson({ startFifo, ...(hasOwnMounts ? { ownMounts: true } : {}) }));
}

/** @throws RuntimeError `host-program` where nothing was made; `bad-file`, naming file and field */
export function readHostFile(initDir: string): HostFile {
  const path = join(initDir, files.host);
  const cgroup = existsSync(path) ? readCgroup(initDir) : undefined;
  if (cgroup === undefined) throw hostError(`host program ${initDir} does not exist`);
  const fields = readJsonFile(path, 'bad-file', { mostBytes: MOST_BYTES });
  return { cgroup, startFifo: fields.absolutePath('startFifo'), hasOwnMounts: fields.optionalBoolean('ownMounts') ?? false };
}
