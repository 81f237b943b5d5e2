import { type Limits, resourcesOf } from '../definition/limits';
import type { Mount } from '../definition/mount';

/** What a container's spec is made from. Everything has been checked. */
export interface SpecWishes {
  /** Below the root of each hierarchy. */
  readonly cgroupsPath: string;
  /** Of the root file system: relative to the bundle, or absolute. */
  readonly rootfs: string;
  readonly readonlyRootfs: boolean;
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly terminal: boolean;
  readonly hostname: string;
  readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[] };
  readonly limits: Limits;
  /** Of this host, beside those that every container has. */
  readonly mounts: readonly Mount[];
  readonly noNewPrivileges: boolean;
  readonly ownPidNamespace: boolean;
  readonly hostNetwork: boolean;
}

/**
 * What root keeps in a container: enough for the usual services, nothing that reaches the host. The
 * same fourteen that docker and podman have given for years.
 */
const capabilities = [
  'CAP_AUDIT_WRITE',
  'CAP_CHOWN',
  'CAP_DAC_OVERRIDE',
  'CAP_FOWNER',
  'CAP_FSETID',
  'CAP_KILL',
  'CAP_MKNOD',
  'CAP_NET_BIND_SERVICE',
  'CAP_NET_RAW',
  'CAP_SETFCAP',
  'CAP_SETGID',
  'CAP_SETPCAP',
  'CAP_SETUID',
  'CAP_SYS_CHROOT',
];

/** Files of /proc and /sys that tell or change things of the host. */
const maskedPaths = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];
const readonlyPaths = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

const usualMounts = [
  { destination: '/proc', type: 'proc', source: 'proc' },
  { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'strictatime', 'mode=755', 'size=65536k'] },
  {
    destination: '/dev/pts',
    type: 'devpts',
    source: 'devpts',
    // gid 5 is the group "tty" of every distribution.
    options: ['nosuid', 'noexec', 'newinstance', 'ptmxmode=0666', 'mode=0620', 'gid=5'],
  },
  { destination: '/dev/shm', type: 'tmpfs', source: 'shm', options: ['nosuid', 'noexec', 'nodev', 'mode=1777', 'size=65536k'] },
  { destination: '/dev/mqueue', type: 'mqueue', source: 'mqueue', options: ['nosuid', 'noexec', 'nodev'] },
  { destination: '/sys', type: 'sysfs', source: 'sysfs', options: ['nosuid', 'noexec', 'nodev', 'ro'] },
];

/** The spec of a container, after the OCI runtime specification 1.0 (github.com/opencontainers/runtime-spec). */
export function containerSpec(wishes: SpecWishes): object {
  const { uid, gid, additionalGids } = wishes.user;
  const namespaces = ['mount', 'ipc', 'uts'];
  if (wishes.ownPidNamespace) namespaces.push('pid');
  // A network namespace of its own holds nothing but the loopback, which the runtime brings up.
  if (!wishes.hostNetwork) namespaces.push('network');
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: wishes.terminal,
      user: { uid, gid, ...(additionalGids.length === 0 ? {} : { additionalGids }) },
      args: wishes.command,
      env: wishes.env,
      cwd: wishes.cwd,
      // Not inheritable: a program without capabilities of its own would gain them through exec.
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1024, hard: 4096 }],
      noNewPrivileges: wishes.noNewPrivileges,
      oomScoreAdj: 0,
    },
    root: { path: wishes.rootfs, readonly: wishes.readonlyRootfs },
    hostname: wishes.hostname,
    mounts: [...usualMounts, ...wishes.mounts],
    linux: {
      cgroupsPath: wishes.cgroupsPath,
      namespaces: namespaces.map((type) => ({ type })),
      // The runtime adds the harmless devices (null, zero, random, tty …) itself.
      resources: { devices: [{ allow: false, access: 'rwm' }], ...resourcesOf(wishes.limits) },
      maskedPaths,
      readonlyPaths,
    },
  };
}
