import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { sharedRootfs } from './rootfs';

/** What a test wants of a container; all but `args` has a default. */
export interface BundleOptions {
  readonly args: readonly string[];
  readonly env?: readonly string[];
  /** Default `/`. */
  readonly cwd?: string;
  readonly terminal?: boolean;
  /** A pid namespace of its own (default), or the host's. */
  readonly pidNamespace?: boolean;
  /** A user namespace whose 0 to 65535 are the host's from this on. Default: none of its own. */
  readonly firstHostId?: number;
  /** Bytes. */
  readonly memoryLimit?: number;
  /** Nobody is killed where the limit is met: what wants memory waits for it. */
  readonly disableOOMKiller?: boolean;
  /** Absolute, below the root of each controller. Default: the runtime's choice, which is the container's id. */
  readonly cgroupsPath?: string;
  /** Default: the busybox that the tests of a run share, mounted read-only. */
  readonly rootfs?: string;
  readonly uid?: number;
  readonly gid?: number;
  readonly noNewPrivileges?: boolean;
  readonly oomScoreAdj?: number;
  readonly capabilities?: readonly string[];
  readonly rlimits?: readonly { readonly type: string; readonly soft: number; readonly hard: number }[];
}

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const someCapabilities = ['CAP_CHOWN', 'CAP_KILL', 'CAP_SETGID', 'CAP_SETUID', 'CAP_NET_BIND_SERVICE', 'CAP_SYS_CHROOT'];
const mounts = [
  { destination: '/proc', type: 'proc', source: 'proc' },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'mode=1777', 'size=65536k'] },
];

/**
 * Writes `<directory>/config.json`, making the directory.
 *
 * @returns the directory, for `bundlePath`
 */
export function writeBundle(directory: string, options: BundleOptions): string {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, 'config.json'), JSON.stringify(ociSpec(options), undefined, 1), { mode: 0o600 });
  return directory;
}

/** A configuration by the OCI runtime specification 1.0. */
export function ociSpec(options: BundleOptions) {
  const capabilities = options.capabilities ?? someCapabilities;
  const namespaces = ['mount', 'ipc', 'uts', 'network', ...((options.pidNamespace ?? true) ? ['pid'] : [])];
  if (options.firstHostId !== undefined) namespaces.push('user');
  const mappings = [{ containerID: 0, hostID: options.firstHostId, size: 65_536 }];
  return {
    ociVersion: '1.0.0',
    process: {
      terminal: options.terminal ?? false,
      user: { uid: options.uid ?? 0, gid: options.gid ?? 0 },
      args: options.args,
      env: [path, ...(options.env ?? [])],
      cwd: options.cwd ?? '/',
      capabilities: {
        bounding: capabilities,
        effective: capabilities,
        inheritable: capabilities,
        permitted: capabilities,
      },
      rlimits: options.rlimits ?? [],
      noNewPrivileges: options.noNewPrivileges ?? true,
      ...(options.oomScoreAdj === undefined ? {} : { oomScoreAdj: options.oomScoreAdj }),
    },
    root: { path: options.rootfs ?? sharedRootfs(), readonly: true },
    hostname: 'test',
    mounts,
    linux: {
      ...(options.cgroupsPath === undefined ? {} : { cgroupsPath: options.cgroupsPath }),
      resources: {
        devices: [{ allow: false, access: 'rwm' }],
        ...(options.memoryLimit === undefined ? {} : { memory: { limit: options.memoryLimit, ...(options.disableOOMKiller === true ? { disableOOMKiller: true } : {}) } }),
      },
      namespaces: namespaces.map((type) => ({ type })),
      ...(options.firstHostId === undefined ? {} : { uidMappings: mappings, gidMappings: mappings }),
      maskedPaths: ['/proc/kcore', '/proc/timer_list'],
      readonlyPaths: ['/proc/sys', '/proc/sysrq-trigger'],
    },
  };
}
