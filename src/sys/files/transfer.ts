import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError, check } from '../errors';
import { lastErrno, libc } from '../native';

const { EAGAIN, EINTR, EIO, EPIPE } = constants.errno;

const SPLICE_F_MOVE = 1;
const SPLICE_F_NONBLOCK = 2;
const O_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;
const POLLIN = 1;
const POLLOUT = 4;
const POLLERR = 8;
const POLLHUP = 0x10;

/** struct pollfd, one for all calls. */
const polled = Buffer.alloc(8);

/**
 * read(2) on a non-blocking descriptor: how many bytes were read, or
 * `again` (nothing there now), `end` (no writer any more), `hungUp` (a pty's other side is closed: EIO).
 * `into` must not be empty.
 */
export function readSome(fd: number, into: Buffer): number | 'again' | 'end' | 'hungUp' {
  const count = libc.read(fd, into, into.length);
  if (count !== -1) return count === 0 ? 'end' : count;
  const errno = lastErrno();
  if (isTemporary(errno)) return 'again';
  if (errno === EIO) return 'hungUp';
  throw new SysError(errno, 'read');
}

/**
 * write(2) of a part of `from` on a non-blocking descriptor: how many bytes were written (maybe fewer), or
 * `again` (no room now), `broken` (no reader any more: EPIPE; for a pty EIO).
 */
export function writeSome(fd: number, from: Buffer, offset: number, length: number): number | 'again' | 'broken' {
  const part = from.subarray(offset, offset + length);
  const count = libc.write(fd, part, part.length);
  if (count !== -1) return count;
  const errno = lastErrno();
  if (isTemporary(errno)) return 'again';
  if (errno === EPIPE || errno === EIO) return 'broken';
  throw new SysError(errno, 'write');
}

/**
 * Puts what a pipe holds, up to `length` bytes, into another pipe as well, without taking it: tee(2). How many bytes;
 * `again` (nothing there, or no room), `end` (nothing there, and no writer any more).
 */
function teeSome(fromPipeFd: number, toPipeFd: number, length: number): number | 'again' | 'end' {
  const count = libc.tee(fromPipeFd, toPipeFd, length, SPLICE_F_NONBLOCK);
  if (count !== -1) return count === 0 ? 'end' : count;
  const errno = lastErrno();
  if (isTemporary(errno)) return 'again';
  throw new SysError(errno, 'tee');
}

/**
 * Moves up to `length` bytes from one pipe to another: splice(2). Each byte is in one of them at any moment, whoever is killed. How many
 * bytes; `again` (nothing there, or no room), `end` (nothing there, and no writer any more), `broken` (no reader any more).
 */
export function moveSome(fromPipeFd: number, toPipeFd: number, length: number): number | 'again' | 'end' | 'broken' {
  const count = libc.splice(fromPipeFd, null, toPipeFd, null, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (count !== -1) return count === 0 ? 'end' : count;
  const errno = lastErrno();
  if (isTemporary(errno)) return 'again';
  if (errno === EPIPE) return 'broken';
  throw new SysError(errno, 'splice');
}

/**
 * Moves up to `length` bytes from a pipe to the beginning of a plain file: splice(2). Each byte is in one of them at any moment, whoever is killed:
 * what has left the pipe, the file's size tells. How many bytes; `again` (nothing there), `end` (nothing there, and no writer any more).
 *
 * On a thread of libuv's pool, as whoever writes to the pipe may have its lock for as long as a disk hangs: sendfile(2) reads the disk with it
 * (`splice_file_to_pipe` in fs/splice.c). That thread waits then, and cannot be killed.
 * @param fromPipeFd open until it resolves, as `fileFd`, which is not open for appending @throws SysError ENOSPC and others
 */
export function moveIntoFileAside(fromPipeFd: number, fileFd: number, length: number): Promise<number | 'again' | 'end'> {
  return new Promise((resolve, reject) => {
    const flags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;
    // The kernel writes to it: it has to outlive the call, and does as the callback has it.
    const offset = Buffer.alloc(8);
    libc.splice.async(fromPipeFd, null, fileFd, offset, length, flags, (error, count) => {
      if (error !== null) return reject(error);
      if (count !== -1) return resolve(count === 0 ? 'end' : count);
      // Why is known to that thread alone: once more, on this one.
      const again = libc.splice(fromPipeFd, null, fileFd, offset.fill(0), length, flags);
      const errno = again === -1 ? lastErrno() : 0;
      if (again !== -1) resolve(again === 0 ? 'end' : again);
      else if (isTemporary(errno)) resolve('again');
      else reject(new SysError(errno, 'splice'));
    });
  });
}

/** {@link teeSome} on such a thread; whatever fails is `again`. @param fromPipeFd open until it resolves, as `toPipeFd` */
export function teeAside(fromPipeFd: number, toPipeFd: number, length: number): Promise<number | 'again' | 'end'> {
  return aside((told) => { libc.tee.async(fromPipeFd, toPipeFd, length, SPLICE_F_NONBLOCK, told); });
}

/** {@link moveSome} on such a thread; whatever fails is `again`, also that there is no reader any more ({@link roomOf}). @param fromPipeFd open until it resolves, as `toPipeFd` */
export function moveAside(fromPipeFd: number, toPipeFd: number, length: number): Promise<number | 'again' | 'end'> {
  return aside((told) => { libc.splice.async(fromPipeFd, null, toPipeFd, null, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK, told); });
}

function aside(call: (told: (error: Error | null, count: number) => void) => void): Promise<number | 'again' | 'end'> {
  return new Promise((resolve, reject) => {
    call((error, count) => {
      if (error !== null) reject(error);
      else if (count === -1) resolve('again');
      else resolve(count === 0 ? 'end' : count);
    });
  });
}

/** Whether there is something to read, or no writer any more: poll(2), which takes no lock of a pipe's (`pipe_poll` in fs/pipe.c). A reader that has never had a writer is told of `none`. */
export function inputOf(fd: number): 'some' | 'none' | 'ended' {
  const events = eventsOf(fd, POLLIN);
  if ((events & POLLIN) !== 0) return 'some';
  return (events & POLLHUP) === 0 ? 'none' : 'ended';
}

/** Whether a pipe takes something, or has no reader any more: poll(2), likewise. */
export function roomOf(fd: number): 'some' | 'none' | 'broken' {
  const events = eventsOf(fd, POLLOUT);
  if ((events & POLLERR) !== 0) return 'broken';
  return (events & POLLOUT) === 0 ? 'none' : 'some';
}

function eventsOf(fd: number, wanted: number): number {
  polled.writeInt32LE(fd, 0);
  polled.writeInt16LE(wanted, 4);
  polled.writeInt16LE(0, 6);
  check(libc.poll(polled, 1, 0), 'poll');
  return polled.readInt16LE(6);
}

/** The first bytes of what a pipe or FIFO holds, up to `length` of them and what a new pipe holds (64 KiB); they stay in it. @throws SysError */
export function peekPipe(fd: number, length: number): Buffer {
  const { readFd, writeFd } = createPipe();
  try {
    const count = teeSome(fd, writeFd, length);
    if (typeof count !== 'number') return Buffer.alloc(0);
    const bytes = Buffer.alloc(count);
    readSome(readFd, bytes);
    return bytes;
  } finally {
    closeSync(readFd);
    closeSync(writeFd);
  }
}

/** A pipe, non-blocking and close-on-exec: pipe2(2). The caller closes both ends. */
export function createPipe(): { readonly readFd: number; readonly writeFd: number } {
  const fds = Buffer.alloc(8);
  check(libc.pipe(fds, O_NONBLOCK | O_CLOEXEC), 'pipe2');
  return { readFd: fds.readInt32LE(0), writeFd: fds.readInt32LE(4) };
}

function isTemporary(errno: number): boolean {
  return errno === EAGAIN || errno === EINTR;
}
