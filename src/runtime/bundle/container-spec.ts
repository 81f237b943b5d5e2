import { NETWORK_ANNOTATION, type Network, PORTS_ANNOTATION } from './network';

/** As an OCI spec has it. */
export interface Mount {
  readonly destination: string;
  readonly type: string;
  readonly source: string;
  readonly options: readonly string[];
}

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
  readonly user: { readonly uid: number; readonly gid: number; readonly additionalGids: readonly number[]; readonly umask?: number };
  /** `linux.resources`, but for the devices. */
  readonly resources: object;
  /** Beside those that every container has. */
  readonly mounts: readonly Mount[];
  readonly noNewPrivileges: boolean;
  readonly ownPidNamespace: boolean;
  readonly network: Network;
  /** Absent: those that containers usually have. With a list, also who is not root has all of it. */
  readonly capabilities?: readonly string[] | undefined;
  /** `process.rlimits`. Absent: a usual number of files. */
  readonly rlimits?: readonly object[] | undefined;
  readonly oomScoreAdj?: number | undefined;
  /** -20 to 19. */
  readonly nice?: number | undefined;
  /** It cannot write there; beside those of /proc that nobody may write to. */
  readonly readOnlyPaths?: readonly string[] | undefined;
}

/**
 * What root keeps in a container: enough for the usual services, nothing that reaches the host. The
 * same fourteen that docker and podman have given for years.
 */
const usualCapabilities = [
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
  const { uid, gid, additionalGids, umask } = wishes.user;
  const namespaces = ['mount', 'ipc', 'uts'];
  if (wishes.ownPidNamespace) namespaces.push('pid');
  // A network namespace of its own holds nothing but the loopback, which the runtime brings up.
  if (wishes.network.is !== 'host') namespaces.push('network');
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: wishes.terminal,
      user: { uid, gid, ...(additionalGids.length === 0 ? {} : { additionalGids }), ...(umask === undefined ? {} : { umask }) },
      args: wishes.command,
      env: wishes.env,
      cwd: wishes.cwd,
      capabilities: capabilitiesOf(wishes.capabilities),
      rlimits: wishes.rlimits ?? [{ type: 'RLIMIT_NOFILE', soft: 1024, hard: 4096 }],
      noNewPrivileges: wishes.noNewPrivileges,
      oomScoreAdj: wishes.oomScoreAdj ?? 0,
      ...(wishes.nice === undefined ? {} : { scheduler: { policy: 'SCHED_OTHER', nice: wishes.nice } }),
    },
    root: { path: wishes.rootfs, readonly: wishes.readonlyRootfs },
    hostname: wishes.hostname,
    ...(wishes.network.is === 'cni' ? { annotations: networkAnnotations(wishes.network) } : {}),
    mounts: [...usualMounts, ...wishes.mounts],
    linux: {
      cgroupsPath: wishes.cgroupsPath,
      namespaces: namespaces.map((type) => ({ type })),
      // The runtime adds the harmless devices (null, zero, random, tty …) itself.
      resources: { devices: [{ allow: false, access: 'rwm' }], ...wishes.resources },
      maskedPaths,
      readonlyPaths: [...readonlyPaths, ...(wishes.readOnlyPaths ?? [])],
    },
  };
}

function networkAnnotations({ name, ports }: Extract<Network, { is: 'cni' }>): object {
  return { [NETWORK_ANNOTATION]: name, ...(ports.length === 0 ? {} : { [PORTS_ANNOTATION]: JSON.stringify(ports) }) };
}

function capabilitiesOf(wanted: readonly string[] | undefined): object {
  // Not inheritable: a program without capabilities of its own would gain them through exec.
  if (wanted === undefined) return { bounding: usualCapabilities, effective: usualCapabilities, permitted: usualCapabilities };
  // Ambient ones survive the step to a user that is not root (capabilities(7)).
  return { bounding: wanted, effective: wanted, permitted: wanted, inheritable: wanted, ambient: wanted };
}
