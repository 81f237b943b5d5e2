import { type Dirent, closeSync, constants, openSync, readdirSync, readlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { SysError, check } from '../errors';
import { libc } from '../native';
import { mountIdByProc } from './mounted-on';

/** open(2), Linux 2.6.39: names a file without asking its file system anything, which may hang. Node has no name for it. */
const O_PATH = 0o10000000;
const O_CLOEXEC = 0o2000000;
const AT_REMOVEDIR = 0x200;
const EBUSY = 16;

// statx(2): what it answers begins with the mask of what it has answered.
const AT_EMPTY_PATH = 0x1000;
const AT_STATX_DONT_SYNC = 0x4000;
const STATX_MNT_ID = 0x1000;
const STAT_MOUNT = 144;
const stat = Buffer.alloc(256);

/**
 * A directory that is held open, and what is in it reached through that descriptor: whatever is renamed, linked or
 * mounted meanwhile, who works in it stays in it. Its owner closes it.
 */
export class HeldDirectory {
  readonly #fd: number;
  readonly #mountId: bigint;

  private constructor(readonly path: string, fd: number) {
    this.#fd = fd;
    try {
      this.#mountId = mountIdOf(fd);
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** @param path may lead over links and mounts: whoever names it means where it leads. @throws the system error of node:fs */
  static open(path: string): HeldDirectory {
    return new HeldDirectory(path, openSync(path, O_PATH | constants.O_DIRECTORY));
  }

  /** A directory in this one. @throws SysError ENOTDIR for anything else, a link too; EBUSY where another file system or directory is mounted on it */
  enter(name: string): HeldDirectory {
    const entered = new HeldDirectory(join(this.path, name), this.#openAt(name, O_PATH | constants.O_DIRECTORY));
    try {
      this.#checkMount(name, entered.#mountId);
    } catch (error) {
      entered.close();
      throw error;
    }
    return entered;
  }

  /** Opens a file in this directory for reading. The caller closes it. @throws SysError ELOOP for a link, EBUSY for a mount */
  openFile(name: string): number {
    const named = this.#openAt(name, O_PATH);
    try {
      this.#checkMount(name, mountIdOf(named));
    } finally {
      closeSync(named);
    }
    return this.#openAt(name, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  /** What is in it, without `.` and `..`. @throws the system error of node:fs */
  entries(): Dirent[] {
    return readdirSync(`/proc/thread-self/fd/${this.#fd}`, { withFileTypes: true });
  }

  readLink(name: string): string {
    return readlinkSync(`/proc/thread-self/fd/${this.#fd}/${name}`);
  }

  /** @throws SysError EBUSY for a mount point, EISDIR for a directory */
  unlink(name: string): void {
    check(libc.unlinkat(this.#fd, name, 0), 'unlink', join(this.path, name));
  }

  /** @throws SysError EBUSY for a mount point, ENOTEMPTY */
  removeDirectory(name: string): void {
    check(libc.unlinkat(this.#fd, name, AT_REMOVEDIR), 'rmdir', join(this.path, name));
  }

  close(): void {
    closeSync(this.#fd);
  }

  #openAt(name: string, flags: number): number {
    return check(libc.openat(this.#fd, name, flags | constants.O_NOFOLLOW | O_CLOEXEC), 'open', join(this.path, name));
  }

  #checkMount(name: string, mountId: bigint): void {
    // By the mount, not by the device: a bind mount of the same file system has the same device.
    if (mountId !== this.#mountId) throw new SysError(EBUSY, 'a mount point lies at', join(this.path, name));
  }
}

/** Throws where something is mounted on a directory, without a look at what that is, which may hang. @throws SysError EBUSY then, ENOENT, ENOTDIR */
export function checkUnmounted(path: string): void {
  const parent = HeldDirectory.open(dirname(path));
  try {
    parent.enter(basename(path)).close();
  } finally {
    parent.close();
  }
}

/** Which mount an open file was reached by: one call from Linux 5.8 on, of which the file system hears nothing. */
function mountIdOf(fd: number): bigint {
  stat.writeUInt32LE(0);
  stat.writeBigUInt64LE(0n, STAT_MOUNT);
  const failed = libc.statx(fd, '', AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID, stat);
  const id = failed === 0 && (stat.readUInt32LE() & STATX_MNT_ID) !== 0 ? stat.readBigUInt64LE(STAT_MOUNT) : 0n;
  return id === 0n ? mountIdByProc(fd) : id;
}
