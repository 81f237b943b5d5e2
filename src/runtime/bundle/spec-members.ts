import { mapItems } from './edit';
import { isJsonObject, type JsonObject } from '../json';

// The member names of the OCI runtime specification for Linux, 0.1 to 1.2, under which there are
// objects or lists with members of the specification again …
const STRUCTURES = [
  'process', 'root', 'mounts', 'hooks', 'linux', 'user', 'consoleSize', 'capabilities', 'rlimits', 'scheduler', 'ioPriority',
  'prestart', 'createRuntime', 'createContainer', 'startContainer', 'poststart', 'poststop',
  'uidMappings', 'gidMappings', 'resources', 'namespaces', 'devices', 'seccomp', 'intelRdt', 'personality',
  'memory', 'cpu', 'pids', 'blockIO', 'hugepageLimits', 'network', 'priorities', 'syscalls',
  'weightDevice', 'throttleReadBpsDevice', 'throttleWriteBpsDevice', 'throttleReadIOPSDevice', 'throttleWriteIOPSDevice',
  'blkioWeightDevice', 'blkioThrottleReadBpsDevice', 'blkioThrottleWriteBpsDevice', 'blkioThrottleReadIOPSDevice',
  'blkioThrottleWriteIOPSDevice', 'blkioThrottleReadIopsDevice', 'blkioThrottleWriteIopsDevice', 'args',
];
// … and those with a plain value, or a map whose names are the client's.
const VALUES = [
  'ociVersion', 'hostname', 'domainname', 'annotations', 'platform', 'solaris', 'windows', 'vm', 'zos',
  'terminal', 'env', 'cwd', 'noNewPrivileges', 'apparmorProfile', 'oomScoreAdj', 'selinuxLabel', 'selinuxProcessLabel',
  'commandLine', 'height', 'width', 'uid', 'gid', 'umask', 'additionalGids', 'username', 'type', 'soft', 'hard',
  'bounding', 'effective', 'inheritable', 'permitted', 'ambient', 'path', 'readonly', 'timeout',
  'destination', 'source', 'options', 'hostID', 'containerID', 'size', 'sysctl', 'cgroupsPath', 'rootfsPropagation',
  'maskedPaths', 'readonlyPaths', 'mountLabel', 'timeOffsets', 'major', 'minor', 'fileMode', 'allow', 'access',
  'disableOOMKiller', 'unified', 'rdma', 'limit', 'reservation', 'swap', 'kernel', 'kernelTCP', 'swappiness',
  'useHierarchy', 'checkBeforeUpdate', 'shares', 'quota', 'burst', 'period', 'realtimeRuntime', 'realtimePeriod', 'cpus',
  'mems', 'idle', 'weight', 'leafWeight', 'blkioWeight', 'blkioLeafWeight', 'rate', 'pageSize', 'classID', 'name', 'names',
  'priority', 'defaultAction', 'defaultErrnoRet', 'architectures', 'flags', 'listenerPath', 'listenerMetadata', 'action',
  'errnoRet', 'index', 'value', 'valueTwo', 'op', 'closID', 'l3CacheSchema', 'memBwSchema', 'domain', 'policy', 'nice',
];
const structures: ReadonlySet<string> = new Set(STRUCTURES);
const members: ReadonlySet<string> = new Set([...STRUCTURES, ...VALUES]);

/**
 * Leaves out the specification's members that are null: Go's way, before 1.0, to say "not set".
 * Members that the specification does not know are kept as they are, nulls and all.
 */
export function dropNulls(object: JsonObject): JsonObject {
  let changed = false;
  const entries: [string, unknown][] = [];
  for (const [name, value] of Object.entries(object)) {
    if (value === null && members.has(name)) {
      changed = true;
      continue;
    }
    const kept = structures.has(name) ? dropNullsWithin(value) : value;
    changed ||= kept !== value;
    entries.push([name, kept]);
  }
  return changed ? Object.fromEntries(entries) : object;
}

function dropNullsWithin(value: unknown): unknown {
  if (Array.isArray(value)) return mapItems(value, dropNullsWithin);
  return isJsonObject(value) ? dropNulls(value) : value;
}
