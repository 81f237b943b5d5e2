import { constants } from 'node:os';
import { SysError, check, checkNoNul } from '../errors';
import { lastErrno, libc } from '../native';

export { createPipe, inputOf, moveAside, moveIntoFileAside, moveSome, peekPipe, readSome, roomOf, teeAside, writeSome } from './transfer';
export { raiseOpenFilesLimit } from '../limits';

const EFD_NONBLOCK = 0o4000;
const EFD_CLOEXEC = 0o2000000;
/** ioctl_fionread(2const) */
export const FIONREAD = 0x541b;
const F_GETFL = 3;
const F_SETFL = 4;
const F_DUPFD_CLOEXEC = 1030;
const F_SETPIPE_SZ = 1031;
const F_GETPIPE_SZ = 1032;
const O_NONBLOCK = 0o4000;
const O_ACCMODE = 3;
const O_WRONLY = 1;
const O_RDWR = 2;
const AT_FDCWD = -100;
const RENAME_EXCHANGE = 2;
const LOCK_EX = 2;
const LOCK_NB = 4;

/** Makes a FIFO. The umask is taken off `mode`. @throws SysError EEXIST and others of mkfifo(3), with the path */
export function mkfifo(path: string, mode: number): void {
  check(libc.mkfifo(checkNoNul(path, 'mkfifo'), mode), 'mkfifo', path);
}

/** Each of two paths gets what the other one was, in one step: rename(2), RENAME_EXCHANGE. @throws SysError */
export function exchange(one: string, other: string): void {
  const paths = [checkNoNul(one, 'renameat2'), checkNoNul(other, 'renameat2')] as const;
  check(libc.renameat2(AT_FDCWD, paths[0], AT_FDCWD, paths[1], RENAME_EXCHANGE), 'renameat2', other);
}

/** An event counter, non-blocking and close-on-exec: eventfd(2). Reads and writes are of 8 bytes. The caller closes it. */
export function createEventFd(): number {
  return check(libc.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), 'eventfd');
}

/** One for all calls: a shim asks some 100,000 times a second while a terminal is busy. */
const unread = new Int32Array(1);
const unreadMemory = new Uint8Array(unread.buffer);

/** How many bytes wait to be read from a FIFO, pipe, terminal or socket. */
export function unreadBytes(fd: number): number {
  check(libc.ioctl(fd, FIONREAD, unreadMemory), 'ioctl FIONREAD');
  return unread[0] ?? 0;
}

/** How many bytes a pipe or FIFO holds. @throws SysError EBADF for anything else */
export function pipeSize(fd: number): number {
  return check(libc.fcntl(fd, F_GETPIPE_SZ, 0), 'fcntl F_GETPIPE_SZ');
}

/** Another descriptor of the same open file, close-on-exec, which the caller closes. @param least its number is this or a higher one @throws SysError */
export function duplicateFd(fd: number, least = 3): number {
  return check(libc.fcntl(fd, F_DUPFD_CLOEXEC, least), 'fcntl F_DUPFD_CLOEXEC');
}

/**
 * Sets how many bytes a pipe or FIFO holds; the kernel rounds up to a power of two of pages.
 * @throws SysError EPERM above /proc/sys/fs/pipe-max-size for a caller without CAP_SYS_RESOURCE,
 * EBUSY if more than that is in it
 */
export function setPipeSize(fd: number, bytes: number): void {
  check(libc.fcntl(fd, F_SETPIPE_SZ, bytes), 'fcntl F_SETPIPE_SZ');
}

/** The same on a thread of libuv's pool: see moveIntoFileAside. What the kernel refuses stays as it is. */
export function setPipeSizeAside(fd: number, bytes: number): Promise<void> {
  return new Promise((resolve, reject) => {
    libc.fcntl.async(fd, F_SETPIPE_SZ, bytes, (error) => { error === null ? resolve() : reject(error); });
  });
}

/** How a descriptor was opened. */
export function accessModeOf(fd: number): 'read' | 'write' | 'both' {
  const mode = check(libc.fcntl(fd, F_GETFL, 0), 'fcntl F_GETFL') & O_ACCMODE;
  return mode === O_RDWR ? 'both' : mode === O_WRONLY ? 'write' : 'read';
}

/** Makes reads and writes answer EAGAIN instead of waiting, for everyone who shares the open file description. */
export function setNonBlocking(fd: number): void {
  const flags = check(libc.fcntl(fd, F_GETFL, 0), 'fcntl F_GETFL');
  check(libc.fcntl(fd, F_SETFL, flags | O_NONBLOCK), 'fcntl F_SETFL');
}

/**
 * Takes the exclusive lock of an open file, flock(2), unless another open file description has it.
 * It is held until the descriptor and all its duplicates are closed, at the latest at the end of the process.
 */
export function tryLockFile(fd: number): boolean {
  if (libc.flock(fd, LOCK_EX | LOCK_NB) === 0) return true;
  const errno = lastErrno();
  if (errno === constants.errno.EWOULDBLOCK) return false;
  throw new SysError(errno, 'flock');
}
