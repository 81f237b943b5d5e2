/** One mounted cgroup hierarchy, or the visible part of it. */
export interface CgroupMount {
  readonly version: 1 | 2;
  /** Absolute path where it is mounted. */
  readonly mountPoint: string;
  /** Which cgroup of the hierarchy is seen there: `/`, or another where only a subtree was bind-mounted. */
  readonly root: string;
  /** Version 1: the mount's super block options, the controllers (`cpu`, `name=systemd`) among them. */
  readonly options: readonly string[];
}

/**
 * The cgroup mounts of a mountinfo file (proc_pid_mountinfo(5)), in the order of mounting.
 *
 *     31 23 0:28 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct
 */
export function parseCgroupMounts(mountinfo: string): CgroupMount[] {
  const mounts: CgroupMount[] = [];
  for (const line of mountinfo.split('\n')) {
    // Any number of optional fields comes before the dash. Spaces in paths are escaped.
    const dash = line.indexOf(' - cgroup');
    if (dash < 0) continue;
    const [, , , root, mountPoint] = line.slice(0, dash).split(' ');
    const [type, , options = ''] = line.slice(dash + 3).split(' ');
    if (root === undefined || mountPoint === undefined || (type !== 'cgroup' && type !== 'cgroup2')) continue;
    mounts.push({
      version: type === 'cgroup' ? 1 : 2,
      mountPoint: unescape(mountPoint),
      root: unescape(root),
      options: options.split(','),
    });
  }
  return mounts;
}

/**
 * Where a cgroup is found below a mount.
 *
 * @param path as /proc/<pid>/cgroup names it, relative to the root of our cgroup namespace
 * @returns the absolute directory, or undefined: another part of the hierarchy is mounted here, or the
 *   cgroup is outside of our namespace (then the path begins with `/..`, cgroup_namespaces(7))
 */
export function directoryBelow(mount: CgroupMount, path: string): string | undefined {
  if (path.split('/').includes('..')) return undefined;
  const root = mount.root === '/' ? '' : mount.root;
  if (path !== root && !path.startsWith(`${root}/`)) return undefined;
  const rest = path.slice(root.length);
  return rest === '/' ? mount.mountPoint : mount.mountPoint + rest;
}

/** The kernel writes space, tab, newline and backslash as `\040` and so on. */
function unescape(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
