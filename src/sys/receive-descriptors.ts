import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError } from './errors';
import { addressOf, lastErrno, libc } from './native';

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CTRUNC = 0x8;
const MSG_CMSG_CLOEXEC = 0x40000000;

/** The text that comes with the descriptor (the terminal's name) is of no use: room for some of it. */
const TEXT_SIZE = 4096;

// struct msghdr, iovec and cmsghdr of 64-bit Linux: recvmsg(2), cmsg(3). They lie in one buffer one after the
// other, so that the one that is passed to the kernel keeps alive what its pointers point to.
const MSG_IOV = 16;
const MSG_IOVLEN = 24;
const MSG_CONTROL = 32;
const MSG_CONTROLLEN = 40;
const MSG_FLAGS = 48;
const VECTOR_AT = 56;
const VECTOR_LENGTH = 8;
const CONTROL_AT = 72;
/** A header and one descriptor. The padding behind the one has room for a second, so a second must be expected. */
const CONTROL_SIZE = 24;
const TEXT_AT = CONTROL_AT + CONTROL_SIZE;
const CMSG_LEVEL = 8;
const CMSG_TYPE = 12;
const CMSG_DATA = 16;

/**
 * Receives one message from a non-blocking unix socket and returns the descriptors that came with it,
 * close-on-exec, the caller's to close; `again` if there is no message yet. At the end of the stream: none.
 * @throws SysError EBADMSG if there were more than fit (all are closed then)
 */
export function receiveDescriptors(socketFd: number): number[] | 'again' {
  const message = emptyMessage();
  if (libc.recvmsg(socketFd, message, MSG_CMSG_CLOEXEC) === -1) {
    const errno = lastErrno();
    if (errno === constants.errno.EAGAIN || errno === constants.errno.EINTR) return 'again';
    throw new SysError(errno, 'recvmsg');
  }
  const fds = descriptorsIn(message.subarray(CONTROL_AT, TEXT_AT));
  if ((message.readInt32LE(MSG_FLAGS) & MSG_CTRUNC) !== 0) {
    for (const fd of fds) closeSync(fd);
    throw new SysError(constants.errno.EBADMSG, 'recvmsg');
  }
  return fds;
}

function emptyMessage(): Buffer {
  const message = Buffer.alloc(TEXT_AT + TEXT_SIZE);
  const address = addressOf(message);
  message.writeBigUInt64LE(address + BigInt(VECTOR_AT), MSG_IOV);
  message.writeBigUInt64LE(1n, MSG_IOVLEN);
  message.writeBigUInt64LE(address + BigInt(CONTROL_AT), MSG_CONTROL);
  message.writeBigUInt64LE(BigInt(CONTROL_SIZE), MSG_CONTROLLEN);
  message.writeBigUInt64LE(address + BigInt(TEXT_AT), VECTOR_AT);
  message.writeBigUInt64LE(BigInt(TEXT_SIZE), VECTOR_AT + VECTOR_LENGTH);
  return message;
}

function descriptorsIn(control: Buffer): number[] {
  if (control.readInt32LE(CMSG_LEVEL) !== SOL_SOCKET || control.readInt32LE(CMSG_TYPE) !== SCM_RIGHTS) return [];
  const end = Math.min(Number(control.readBigUInt64LE()), control.length);
  const fds: number[] = [];
  for (let offset = CMSG_DATA; offset + 4 <= end; offset += 4) fds.push(control.readInt32LE(offset));
  return fds;
}
