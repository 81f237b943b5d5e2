import { constants } from 'node:os';
import { SysError } from './errors';
import { lastErrno, libc } from './native';

const { EAGAIN, EINTR, EIO, EPIPE } = constants.errno;

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

function isTemporary(errno: number): boolean {
  return errno === EAGAIN || errno === EINTR;
}
