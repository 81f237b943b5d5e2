import { closeSync, constants, readdirSync } from 'node:fs';
import { constants as osConstants } from 'node:os';
import { SysError, check } from '../errors';
import { errorCodeOf } from '../thrown';
import { lastErrno, libc } from '../native';
import { attributeAt, attributesAt, procPath, zeroTerminated } from './attributes';

/** A name or path of any bytes, each as one character (`latin1`): names on Linux are bytes, and need not be UTF-8. */
export type ByteText = string;

// System call number, the same on x86-64 and arm64.
const OPENAT2 = 437;
/** struct open_how of linux/openat2.h: flags, mode, resolve. */
const HOW_SIZE = 24;
const HOW_RESOLVE = 16;
const RESOLVE_NO_MAGICLINKS = 0x02n;
const RESOLVE_IN_ROOT = 0x10n;

const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const AT_SYMLINK_NOFOLLOW = 0x100;
const AT_REMOVEDIR = 0x200;
const AT_EMPTY_PATH = 0x1000;
const S_IFCHR = 0o020000;
const S_IFBLK = 0o060000;
const S_IFIFO = 0o010000;
const NS_PER_S = 1_000_000_000n;
const LONGEST_LINK = 4096;

const directoryFlags = O_PATH | constants.O_DIRECTORY | O_CLOEXEC;
const { O_NOFOLLOW, O_CREAT, O_EXCL, O_WRONLY, O_RDONLY, O_NONBLOCK } = constants;

/** A device of mknod(2). */
export interface DeviceNumber {
  readonly major: number;
  readonly minor: number;
}

/** Attributes that every kind of file has. */
export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/**
 * A directory as the root of a tree, as somebody inside of it would see it: `..` and links, absolute ones too, lead nowhere else (openat2(2),
 * RESOLVE_IN_ROOT, Linux 5.6). What is made in it is made by a descriptor of the directory and one name. Its owner closes it.
 */
export class RootedDirectory {
  readonly #rootFd: number;

  /** @param fd of the directory, which is this one's from now on */
  constructor(fd: number) {
    this.#rootFd = fd;
  }

  /** @param path of this host, over links and mounts. @throws SysError */
  static open(path: string): RootedDirectory {
    return new RootedDirectory(check(libc.openName(-100, zeroTerminated(Buffer.from(path).toString('latin1')), directoryFlags, 0), 'open', path));
  }

  /** Opens a directory in the tree; the empty path is the root. The caller closes it. @throws SysError ENOENT, ENOTDIR, ELOOP; ENOSYS before Linux 5.6 */
  openDirectory(path: ByteText): HeldNames {
    const how = Buffer.alloc(HOW_SIZE);
    how.writeBigUInt64LE(BigInt(directoryFlags));
    how.writeBigUInt64LE(RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS, HOW_RESOLVE);
    const fd = libc.openat2Bytes(OPENAT2, this.#rootFd, zeroTerminated(path === '' ? '.' : path), how, how.length);
    return new HeldNames(check(fd, 'open', shown(path)), path);
  }

  /** Writes all that is dirty of its file system to the disk: syncfs(2). @throws SysError */
  sync(): void {
    const fd = check(libc.openName(this.#rootFd, zeroTerminated('.'), O_RDONLY | constants.O_DIRECTORY | O_CLOEXEC, 0), 'open');
    try {
      check(libc.syncfs(fd), 'syncfs');
    } finally {
      closeSync(fd);
    }
  }

  close(): void {
    closeSync(this.#rootFd);
  }
}

/** A directory by its descriptor, and the names in it. No name is looked through: a link is the link itself. Its owner closes it. */
export class HeldNames {
  /** @param fd opened O_PATH, this one's from now on; @param path for messages */
  constructor(
    readonly fd: number,
    readonly path: ByteText,
  ) {}

  makeDirectory(name: ByteText): void {
    check(libc.mkdirName(this.fd, zeroTerminated(name), 0o755), 'mkdir', this.#shown(name));
  }

  /** A file that was not there, open for writing. The caller closes it. @throws SysError EEXIST and others */
  createFile(name: ByteText): number {
    return check(libc.openName(this.fd, zeroTerminated(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600), 'create', this.#shown(name));
  }

  /** A regular file for reading: of anything else the kernel may wait for somebody. The caller closes it, and has looked what it is. @throws SysError */
  openFile(name: ByteText): number {
    return check(libc.openName(this.fd, zeroTerminated(name), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0), 'open', this.#shown(name));
  }

  makeFifo(name: ByteText): void {
    check(libc.mknodName(this.fd, zeroTerminated(name), S_IFIFO | 0o600, 0), 'mkfifo', this.#shown(name));
  }

  makeDevice(name: ByteText, kind: 'character' | 'block', device: DeviceNumber): void {
    check(libc.mknodName(this.fd, zeroTerminated(name), (kind === 'character' ? S_IFCHR : S_IFBLK) | 0o600, deviceOf(device)), 'mknod', this.#shown(name));
  }

  makeLink(name: ByteText, target: ByteText): void {
    check(libc.symlinkName(zeroTerminated(target), this.fd, zeroTerminated(name)), 'symlink', this.#shown(name));
  }

  /** Another name in `other` for the file `name` in here. */
  linkTo(name: ByteText, other: HeldNames, otherName: ByteText): void {
    check(libc.linkName(this.fd, zeroTerminated(name), other.fd, zeroTerminated(otherName), 0), 'link', other.#shown(otherName));
  }

  readLink(name: ByteText): ByteText {
    const into = Buffer.alloc(LONGEST_LINK);
    return into.toString('latin1', 0, check(libc.readLinkName(this.fd, zeroTerminated(name), into, into.length), 'readlink', this.#shown(name)));
  }

  /** A directory in this one, and no link to one. The caller closes it. @throws SysError ENOTDIR, ELOOP, ENOENT */
  enter(name: ByteText): HeldNames {
    const fd = libc.openName(this.fd, zeroTerminated(name), directoryFlags | O_NOFOLLOW, 0);
    return new HeldNames(check(fd, 'open', this.#shown(name)), this.path === '' ? name : `${this.path}/${name}`);
  }

  /** What it holds, in the order of the bytes. @throws the system error of node:fs */
  names(): ByteText[] {
    return readdirSync(`/proc/self/fd/${this.fd}`, { encoding: 'buffer' }).map((name) => name.toString('latin1')).sort(byBytes);
  }

  /** Removes whatever bears this name, a directory with all that is in it. Nothing there: nothing to do. @throws SysError */
  remove(name: ByteText): void {
    if (libc.unlinkName(this.fd, zeroTerminated(name), 0) === 0) return;
    const errno = lastErrno();
    if (errno === osConstants.errno.ENOENT) return;
    // A directory is told of by either, by the kernel's whim (unlink(2)).
    if (errno !== osConstants.errno.EISDIR && errno !== osConstants.errno.EPERM) throw new SysError(errno, 'unlink', this.#shown(name));
    this.#removeDirectory(name);
  }

  /** Owner of a name, of a link itself too. */
  setOwner(name: ByteText, { uid, gid }: Owner): void {
    check(libc.chownName(this.fd, zeroTerminated(name), uid, gid, AT_SYMLINK_NOFOLLOW), 'chown', this.#shown(name));
  }

  /** Permissions and the three bits beside them. Not for links, which have none: ENOTSUP. */
  setMode(name: ByteText, mode: number): void {
    const file = this.open(name);
    try {
      // The descriptor's own entry leads to this very file, and fchmodat(2) has no way not to follow a link.
      setModeOf(file, mode, this.#shown(name));
    } finally {
      closeSync(file);
    }
  }

  /** Nanoseconds since 1970. */
  setTimes(name: ByteText, accessedNs: bigint, modifiedNs: bigint): void {
    check(libc.setTimesOfName(this.fd, zeroTerminated(name), timesOf(accessedNs, modifiedNs), AT_SYMLINK_NOFOLLOW), 'utimensat', this.#shown(name));
  }

  /** An extended attribute (xattr(7)), of a link itself too. @throws SysError EOPNOTSUPP, EPERM and others */
  setAttribute(name: ByteText, attribute: ByteText, value: Buffer): void {
    check(libc.setAttribute(this.#proc(name), zeroTerminated(attribute), value, value.length, 0), `setxattr ${readable(attribute)}`, this.#shown(name));
  }

  /** One of them; undefined where the file has it not. @throws SysError */
  attribute(name: ByteText, attribute: ByteText): Buffer | undefined {
    return attributeAt(this.#proc(name), attribute, this.#shown(name));
  }

  /** @returns its extended attributes; none where the file system has none. @throws SysError */
  attributes(name: ByteText): ReadonlyMap<ByteText, Buffer> {
    return attributesAt(this.#proc(name), this.#shown(name));
  }

  /** Names the file, whatever it is, and opens nothing. The caller closes it. */
  open(name: ByteText): number {
    return check(libc.openName(this.fd, zeroTerminated(name), O_PATH | O_NOFOLLOW | O_CLOEXEC, 0), 'open', this.#shown(name));
  }

  close(): void {
    closeSync(this.fd);
  }

  #removeDirectory(name: ByteText): void {
    const directory = this.enter(name);
    try {
      for (const entry of directory.names()) directory.remove(entry);
    } finally {
      directory.close();
    }
    if (libc.unlinkName(this.fd, zeroTerminated(name), AT_REMOVEDIR) === 0 || lastErrno() === osConstants.errno.ENOENT) return;
    throw new SysError(lastErrno(), 'rmdir', this.#shown(name));
  }

  #proc(name: ByteText): Buffer {
    return zeroTerminated(`/proc/self/fd/${this.fd}/${name}`);
  }

  #shown(name: ByteText): string {
    return shown(this.path === '' ? name : `${this.path}/${name}`);
  }
}

/** Permissions of an open file; its descriptor may be one of O_PATH. */
export function setModeOf(fd: number, mode: number, shownPath: string): void {
  check(libc.chmodPath(procPath(fd), mode), 'chmod', shownPath);
}

/** Times of an open file, in nanoseconds since 1970. @throws SysError */
export function setTimesOf(fd: number, accessedNs: bigint, modifiedNs: bigint, shownPath: string): void {
  check(libc.setTimesOfOpen(fd, timesOf(accessedNs, modifiedNs)), 'futimens', shownPath);
}

/** Owner of an open file, of a link too. */
export function setOwnerOf(fd: number, { uid, gid }: Owner, shownPath: string): void {
  check(libc.chownName(fd, zeroTerminated(''), uid, gid, AT_EMPTY_PATH), 'chown', shownPath);
}

/** A path for people, below its root, on one line: bytes that are not UTF-8 are replaced, and what a terminal would take for an order. */
export function shown(path: ByteText): string {
  const text = readable(path);
  return text.startsWith('/') ? text : `/${text}`;
}

function readable(text: ByteText): string {
  return Buffer.from(text, 'latin1').toString('utf8').replaceAll(/\p{Cc}/gu, '?');
}

/** The order of the bytes, which is that of the characters here. */
export function byBytes(one: ByteText, other: ByteText): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** Whether what was thrown says that a name is taken. */
export function isTaken(error: unknown): boolean {
  return errorCodeOf(error) === 'EEXIST';
}

function timesOf(accessedNs: bigint, modifiedNs: bigint): Buffer {
  const times = Buffer.alloc(32);
  for (const [at, ns] of [[0, accessedNs], [16, modifiedNs]] as const) {
    // The kernel wants the part of a second between 0 and a second, also before 1970.
    const part = ((ns % NS_PER_S) + NS_PER_S) % NS_PER_S;
    times.writeBigInt64LE(BigInt.asIntN(64, (ns - part) / NS_PER_S), at);
    times.writeBigInt64LE(part, at + 8);
  }
  return times;
}

/** makedev(3) of glibc. */
function deviceOf({ major, minor }: DeviceNumber): number {
  const wide = (BigInt(major & 0xfffff000) << 32n) | (BigInt(major & 0xfff) << 8n) | (BigInt(minor & 0xffffff00) << 12n) | BigInt(minor & 0xff);
  return Number(wide);
}
