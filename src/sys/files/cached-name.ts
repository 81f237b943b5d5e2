import { closeSync, constants as fileConstants } from 'node:fs';
import { constants } from 'node:os';
import { SysError } from '../errors';
import { kernelTells } from '../fault';
import { type MountId, fileSystemTypeOf, mountIdByProc } from './mounted-on';
import { lastErrno, libc } from '../native';

const { EAGAIN, EINVAL, ENOSYS, EPERM, EXDEV } = constants.errno;
const { O_NOFOLLOW } = fileConstants;

// System call number, the same on x86-64 and arm64.
const OPENAT2 = 437;
/** struct open_how of linux/openat2.h: flags, mode, resolve. */
const HOW_SIZE = 24;
const HOW_RESOLVE = 16;
const RESOLVE_CACHED = 0x20n;
const RESOLVE_NO_XDEV = 0x01n;
const RESOLVE_NO_SYMLINKS = 0x04n;
const RESOLVE_IN_ROOT = 0x10n;
const AT_FDCWD = -100;
/** Another process's rename or mount makes the kernel give up a look at its cache (fs/namei.c): it is worth another one. */
const ATTEMPTS = 8;

const O_CLOEXEC = 0o2000000;
/** open(2): a descriptor that only names the file, and opens nothing. */
export const O_PATH = 0o10000000;

// statx(2).
const AT_EMPTY_PATH = 0x1000;
const AT_STATX_DONT_SYNC = 0x4000;
const STATX_BASIC = 0x7ff;
const STATX_MNT_ID = 0x1000;
const STATX_MNT_ID_UNIQUE = 0x4000;
const STATX_SIZE = 256;
const NS_PER_S = 1_000_000_000n;
const AT_MASK = 0;
const AT_LINKS = 16;
const AT_UID = 20;
const AT_GID = 24;
const AT_MODE = 28;
const AT_INO = 32;
const AT_SIZE = 40;
const AT_CTIME = 96;
const AT_MTIME = 112;
const AT_RDEV = 128;
const AT_DEV = 136;
const AT_MNT_ID = 144;

/** A file by name, and what the kernel knows of it. */
export interface FoundName {
  /** Opened O_PATH; the caller closes it. */
  readonly fd: number;
  /** As of stat(2), type included. */
  readonly mode: number;
  readonly size: number;
  /** How many names it has. */
  readonly links: number;
  readonly ownerId: number;
  readonly groupId: number;
  /** Which file system it is on. */
  readonly device: string;
  /** Of a device file: `<major>:<minor>`. */
  readonly deviceNumber: string;
  readonly mount: MountId;
  readonly inode: bigint;
  readonly changedNs: bigint;
  readonly modifiedNs: bigint;
}

/**
 * Finds a file by what the kernel has in its cache of names, so that no file system is asked and nothing can
 * hang: openat2(2) with RESOLVE_CACHED (Linux 5.12).
 * @returns undefined where that does not tell: the name may be there or not
 * @throws SysError ENOENT, EACCES and others, where the cache says so
 */
export function findCached(path: string): FoundName | undefined {
  if (path.includes('\0')) return undefined;
  return found(openCached(AT_FDCWD, path, O_PATH | O_CLOEXEC, RESOLVE_CACHED), path);
}

/** The same for a name in a directory; a symbolic link is found itself. */
export function findCachedIn(dirFd: number, name: string): FoundName | undefined {
  return found(openCached(dirFd, name, O_PATH | O_CLOEXEC | O_NOFOLLOW, RESOLVE_CACHED), name);
}

/**
 * Finds a name in a directory that is in memory (tmpfs), where it need not be in the cache to be found at once.
 * @returns undefined also where it is a symbolic link, or another mount
 * @throws SysError ENOENT
 */
export function findInMemory(dir: FoundName, name: string): FoundName | undefined {
  return found(openCached(dir.fd, name, O_PATH | O_CLOEXEC | O_NOFOLLOW, RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS), name);
}

/** The same for a path as it is for a program whose root is `root`: no link leads out of it. */
export function findCachedInRoot(root: FoundName, path: string): FoundName | undefined {
  if (path.includes('\0')) return undefined;
  return found(openCached(root.fd, path, O_PATH | O_CLOEXEC, RESOLVE_CACHED | RESOLVE_IN_ROOT), path);
}

/** Kinds that answer at once, or when a local disk does. Whatever else there is may wait for another machine, or a program. */
const MEMORY: ReadonlySet<string> = new Set(['tmpfs', 'ramfs', 'devtmpfs', 'rootfs']);
const LOCAL: ReadonlySet<string> = new Set([
  'ext2', 'ext3', 'ext4', 'xfs', 'btrfs', 'f2fs', 'bcachefs', 'zfs', 'jfs', 'overlay', 'aufs', 'squashfs', 'erofs', 'devpts', 'proc', 'sysfs',
]);

/** Whether the file is in memory, on a local disk, or elsewhere: there, opening it may hang. */
export function placeOf({ mount }: FoundName): 'memory' | 'disk' | 'elsewhere' {
  const type = fileSystemTypeOf(mount) ?? '';
  if (MEMORY.has(type)) return 'memory';
  return LOCAL.has(type) ? 'disk' : 'elsewhere';
}

/** Tells one state of a file from the next: an update brings another file, a change of it another time. */
export function versionOf({ inode, size, changedNs, modifiedNs }: Pick<FoundName, 'inode' | 'size' | 'changedNs' | 'modifiedNs'>): string {
  return [inode, size, changedNs, modifiedNs].join(' ');
}

function openCached(dirFd: number, path: string, flags: number, resolve: bigint): number | undefined {
  if (!kernelTells('kernel.cached-names')) return undefined;
  const how = Buffer.alloc(HOW_SIZE);
  how.writeBigUInt64LE(BigInt(flags));
  how.writeBigUInt64LE(resolve, HOW_RESOLVE);
  for (let attempt = 1; ; attempt += 1) {
    const fd = libc.openat2(OPENAT2, dirFd, path, how, how.length);
    if (fd !== -1) return fd;
    const errno = lastErrno();
    if (errno === EAGAIN && attempt < ATTEMPTS) continue;
    // EINVAL, ENOSYS, EPERM: a kernel of before, or a sandbox that does not know the call. EXDEV: another mount.
    if ([EAGAIN, EINVAL, ENOSYS, EPERM, EXDEV].includes(errno)) return undefined;
    throw new SysError(errno, 'open', path);
  }
}

function found(fd: number | undefined, path: string): FoundName | undefined {
  if (fd === undefined) return undefined;
  try {
    return factsOf(fd, path);
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** What the kernel knows of an open file, without asking its file system: statx(2) with AT_STATX_DONT_SYNC. @throws SysError */
export function factsOf(fd: number, path?: string): FoundName {
  const stat = Buffer.alloc(STATX_SIZE);
  const failed = libc.statx(fd, '', AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_BASIC | STATX_MNT_ID | STATX_MNT_ID_UNIQUE, stat);
  if (failed === -1) throw new SysError(lastErrno(), 'statx', path);
  const mask = stat.readUInt32LE(AT_MASK);
  const mountId = stat.readBigUInt64LE(AT_MNT_ID);
  const timeAt = (offset: number): bigint => stat.readBigInt64LE(offset) * NS_PER_S + BigInt(stat.readUInt32LE(offset + 8));
  const deviceAt = (offset: number): string => `${stat.readUInt32LE(offset)}:${stat.readUInt32LE(offset + 4)}`;
  return {
    fd,
    mode: stat.readUInt16LE(AT_MODE),
    size: Number(stat.readBigUInt64LE(AT_SIZE)),
    links: stat.readUInt32LE(AT_LINKS),
    ownerId: stat.readUInt32LE(AT_UID),
    groupId: stat.readUInt32LE(AT_GID),
    device: deviceAt(AT_DEV),
    deviceNumber: deviceAt(AT_RDEV),
    mount: mountId === 0n ? { id: mountIdByProc(fd), isUnique: false } : { id: mountId, isUnique: (mask & STATX_MNT_ID_UNIQUE) !== 0 },
    inode: stat.readBigUInt64LE(AT_INO),
    changedNs: timeAt(AT_CTIME),
    modifiedNs: timeAt(AT_MTIME),
  };
}
