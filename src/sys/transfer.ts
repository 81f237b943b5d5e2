import { constants } from 'node:os';
import { SysError } from './errors';
import { lastErrno, libc } from './native';

const { EAGAIN, EINTR, EIO, EPIPE } = constants.errno;
const SPLICE_F_MOVE = 1;
const SPLICE_F_NONBLOCK = 2;

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
 * splice(2): moves up to `length` bytes to or from a pipe (one of the two must be one) without copying
 * them through this process. `again` may mean either side: nothing to read or no room to write.
 * @throws SysError EINVAL if neither is a pipe, or one is of a kind that the kernel cannot splice
 */
export function spliceSome(from: number, to: number, length: number): number | 'again' | 'end' | 'hungUp' | 'broken' {
  const count = libc.splice(from, null, to, null, length, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (count !== -1) return count === 0 ? 'end' : count;
  const errno = lastErrno();
  if (isTemporary(errno)) return 'again';
  if (errno === EIO) return 'hungUp';
  if (errno === EPIPE) return 'broken';
  throw new SysError(errno, 'splice');
}

function isTemporary(errno: number): boolean {
  return errno === EAGAIN || errno === EINTR;
}
