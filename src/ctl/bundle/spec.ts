/** What a bundle is made from. Everything has been checked. */
export interface BundleWishes {
  /** Names the cgroup, and the host where no other name is given. */
  readonly name: string;
  /** Of the root file system: relative to the bundle, or absolute. */
  readonly rootfs: string;
  readonly command: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly terminal: boolean;
  readonly hostname: string;
  /** Bytes; undefined: no limit. */
  readonly memoryLimit: number | undefined;
  readonly pidsLimit: number | undefined;
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

const mounts = [
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

/** The config.json of an OCI runtime specification 1.0 bundle (github.com/opencontainers/runtime-spec). */
export function bundleSpec(wishes: BundleWishes): object {
  const { name, memoryLimit, pidsLimit } = wishes;
  const namespaces = ['mount', 'ipc', 'uts'];
  if (wishes.ownPidNamespace) namespaces.push('pid');
  // A network namespace of its own holds nothing but the loopback, which the runtime brings up.
  if (!wishes.hostNetwork) namespaces.push('network');
  return {
    ociVersion: '1.0.2',
    process: {
      terminal: wishes.terminal,
      user: { uid: 0, gid: 0 },
      args: wishes.command,
      env: wishes.env,
      cwd: wishes.cwd,
      // Not inheritable: a program without capabilities of its own would gain them through exec.
      capabilities: { bounding: capabilities, effective: capabilities, permitted: capabilities },
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 1024, hard: 4096 }],
      noNewPrivileges: true,
    },
    root: { path: wishes.rootfs, readonly: false },
    hostname: wishes.hostname,
    mounts,
    linux: {
      cgroupsPath: `/holdfast/${name}`,
      namespaces: namespaces.map((type) => ({ type })),
      resources: {
        // The runtime adds the harmless devices (null, zero, random, tty …) itself.
        devices: [{ allow: false, access: 'rwm' }],
        ...(memoryLimit === undefined ? {} : { memory: { limit: memoryLimit } }),
        ...(pidsLimit === undefined ? {} : { pids: { limit: pidsLimit } }),
      },
      maskedPaths,
      readonlyPaths,
    },
  };
}
