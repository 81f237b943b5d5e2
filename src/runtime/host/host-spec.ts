import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import type { Fields } from '../fields';
import { USUAL_STATE_DIR } from '../state-dir/layout';
import { allowOnly, hostError } from './host-error';
import { type OwnMounts, ownMountsOf } from './own-mounts';

/** What the spec of a host program says beside its process. */
export interface HostSpec {
  /** Below the root of each hierarchy, absolute. */
  readonly cgroupsPath: string;
  /** `linux.resources`: see limits.ts. */
  readonly resources: Fields | undefined;
  readonly ownPidNamespace: boolean;
  /** Undefined: it has the host's mounts. */
  readonly ownMounts: OwnMounts | undefined;
}

/** What a host program can have of an OCI spec: all else is the host's. */
const members = {
  spec: ['ociVersion', 'process', 'mounts', 'linux', 'annotations'],
  process: [
    'terminal', 'user', 'args', 'env', 'cwd', 'capabilities', 'rlimits', 'noNewPrivileges', 'apparmorProfile', 'selinuxLabel',
    'oomScoreAdj', 'scheduler',
  ],
  linux: ['cgroupsPath', 'resources', 'namespaces', 'readonlyPaths'],
} as const;

/**
 * Reads the spec of a host program: an OCI spec without a root, whose every member can be had. What cannot be had is an error, never left out.
 * @param defaultCgroup where the spec names none
 * @throws RuntimeError of the fields' code, or `host-program`
 */
export function readHostSpec(fields: Fields, defaultCgroup: string): HostSpec {
  allowOnly(fields, members.spec, '');
  allowOnly(fields.object('process'), members.process, 'process.');
  const linux = fields.optionalObject('linux');
  if (linux !== undefined) allowOnly(linux, members.linux, 'linux.');
  const namespaces = linux?.optionalObjects('namespaces') ?? [];
  const kinds = namespaces.map((namespace) => {
    const kind = namespace.string('type');
    if ((kind === 'pid' || kind === 'mount') && namespace.isAbsent('path')) return kind;
    return namespace.fail('type', 'a host program can have a new pid namespace and a new mount namespace, and no other');
  });
  return {
    cgroupsPath: cgroupPathOf(linux?.optionalString('cgroupsPath') ?? defaultCgroup),
    resources: linux?.optionalObject('resources'),
    ownPidNamespace: kinds.includes('pid'),
    ownMounts: ownMountsOf(fields, kinds.includes('mount')),
  };
}

/**
 * Where the cgroup of a host program is whose spec names none. Below one for its daemon, where that has its state at another place than usual: two daemons of one host
 * may have programs of the same name.
 */
export function usualCgroupOf(stateDir: string, namespace: string, id: string): string {
  const daemon = stateDir === USUAL_STATE_DIR ? '' : `daemon-${createHash('sha256').update(stateDir).digest('hex').slice(0, 8)}`;
  return posix.join('/holdfast', daemon, namespace, id);
}

/** Never outside of the hierarchy, and never its root. */
function cgroupPathOf(path: string): string {
  const isPlain = posix.isAbsolute(path) && path !== '/' && posix.normalize(path) === path && !path.endsWith('/') && !/[\0\n]/.test(path);
  if (!isPlain) throw hostError(`cgroupsPath: expected an absolute path below the root of the hierarchy: ${JSON.stringify(path)}`);
  return path;
}
