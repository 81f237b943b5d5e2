import { constants } from 'node:os';
import { SysError } from '../errors';
import { addressOf, lastErrno, libc } from '../native';

/** By machine: the C library's own function is not in every one of today. */
const PREADV2 = process.arch === 'arm64' ? 286 : 327;
const RWF_NOWAIT = 0x8;
/** struct iovec: address, length. */
const VECTOR_SIZE = 16;

/**
 * Reads a file's bytes from `position` on without waiting for a disk: preadv2(2) with RWF_NOWAIT.
 * @returns how many there are in the kernel's cache, `again` where they would have to be fetched, and
 * `unsupported` for a file system that does not tell (tmpfs)
 */
export function readCached(fd: number, into: Buffer, position = 0): number | 'again' | 'unsupported' {
  if (into.length === 0) return 0;
  const vector = Buffer.alloc(VECTOR_SIZE);
  vector.writeBigUInt64LE(addressOf(into));
  vector.writeBigUInt64LE(BigInt(into.length), 8);
  const count = libc.preadv2(PREADV2, fd, vector, 1, position, 0, RWF_NOWAIT);
  if (count !== -1) return count;
  const errno = lastErrno();
  if (errno === constants.errno.EAGAIN || errno === constants.errno.EINTR) return 'again';
  if (errno === constants.errno.EOPNOTSUPP || errno === constants.errno.ENOSYS) return 'unsupported';
  throw new SysError(errno, 'read');
}
