import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { directoriesOf } from '../../runtime/cgroups/cgroup';
import { readHostFile, writeHostFile } from '../../runtime/host/host-file';
import { readHostSpec, usualCgroupOf } from '../../runtime/host/host-spec';
import { entriesOf, locateHostCgroup, makeDirectories } from '../../runtime/host/hierarchies';
import { wantsCpuset, writeLimits } from '../../runtime/host/limits';
import type { StubRequest } from '../../runtime/host/stub';
import { idOfRuntime } from '../../runtime/state-dir/container-key';
import { INIT } from '../../runtime/state-dir/layout';
import { readPid } from '../../runtime/state-dir/process-dir';
import { readJsonFile } from '../../runtime/state-dir/read-json';
import { faultPoint } from '../../sys/fault';
import { mkfifo } from '../../sys/files/files';
import type { Shim } from '../shim';
import type { ManagedProcess } from './managed-process';

const MOST_SPEC_BYTES = 8 << 20;

/** Where a process of a host program is to be. What is made of it is written down already, so that whoever finds that takes it away. */
export interface HostPlace extends Pick<StubRequest, 'cgroupEntries' | 'startFifo' | 'namespaces'> {
  /** Makes the cgroup, where it is a new one. */
  readonly make: () => Promise<void>;
}

/** Of a new program. */
export function placeOfProgram({ place }: Shim, entry: ManagedProcess): HostPlace {
  const { dir, bundle, namespace, id } = entry.identity;
  const fields = readJsonFile(join(bundle, 'config.json'), 'bad-bundle', { mostBytes: MOST_SPEC_BYTES });
  const spec = readHostSpec(fields, usualCgroupOf(place, namespace ?? '', namespace === undefined ? id : idOfRuntime(id)));
  const { resources, ownPidNamespace: hasPid, ownMounts: mounts } = spec;
  const cgroup = locateHostCgroup(spec.cgroupsPath, { cpuset: wantsCpuset(resources) });
  const startFifo = newStartFifo(dir);
  writeHostFile(dir, { cgroup, startFifo, hasOwnMounts: mounts !== undefined });
  mkfifo(startFifo, 0o600);
  const make = async (): Promise<void> => {
    faultPoint('shim.host.before-cgroup');
    makeDirectories(directoriesOf(cgroup));
    faultPoint('shim.host.before-limits');
    if (resources !== undefined) await writeLimits(cgroup, resources, { isNew: true });
  };
  return { cgroupEntries: entriesOf(cgroup), startFifo, namespaces: hasPid || mounts !== undefined ? { are: 'new', hasPid, mounts } : undefined, make };
}

/** Of an exec'd process: where the program's first one is. */
export function placeOfExec(entry: ManagedProcess): HostPlace {
  const { dir, ownPidNamespace } = entry.identity;
  const initDir = join(dirname(dir), INIT);
  const initPid = readPid(initDir);
  const startFifo = newStartFifo(dir);
  mkfifo(startFifo, 0o600);
  const { cgroup, hasOwnMounts } = readHostFile(initDir);
  const isElsewhere = initPid !== undefined && (ownPidNamespace || hasOwnMounts);
  const namespaces = isElsewhere ? { are: 'joined', pid: initPid, hasPid: ownPidNamespace } as const : undefined;
  return { cgroupEntries: entriesOf(cgroup), startFifo, namespaces, make: () => Promise.resolve() };
}

function newStartFifo(dir: string): string {
  return join(dir, `holdfast-host-start-${randomBytes(8).toString('hex')}`);
}
