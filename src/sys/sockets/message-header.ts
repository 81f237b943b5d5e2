import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError } from '../errors';
import { addressOf, lastErrno, libc } from '../native';

const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const MSG_CTRUNC = 0x8;
const MSG_TRUNC = 0x20;
const MSG_CMSG_CLOEXEC = 0x40000000;

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
const CMSG_LEVEL = 8;
const CMSG_TYPE = 12;
const CMSG_DATA = 16;
const FD_SIZE = 4;

/** Descriptors in one message, at most. */
export const MOST_FDS = 4;
const TEXT_AT = CONTROL_AT + CMSG_DATA + MOST_FDS * FD_SIZE;

/** What one call of recvmsg(2) gave. */
export interface Received {
  readonly text: Buffer;
  /** Close-on-exec, the receiver's to close. */
  readonly fds: readonly number[];
  /** The text was longer than there was room for. */
  readonly isCut: boolean;
}

/** A msghdr for sendmsg(2) with the text and the descriptors, MOST_FDS at most; what it points to lies behind it. */
export function messageOf(text: Buffer, fds: readonly number[]): Buffer {
  const controlBytes = fds.length === 0 ? 0 : CMSG_DATA + fds.length * FD_SIZE;
  const message = header(text.length, controlBytes);
  text.copy(message, TEXT_AT);
  if (fds.length === 0) return message;
  message.writeBigUInt64LE(BigInt(controlBytes), CONTROL_AT);
  message.writeInt32LE(SOL_SOCKET, CONTROL_AT + CMSG_LEVEL);
  message.writeInt32LE(SCM_RIGHTS, CONTROL_AT + CMSG_TYPE);
  fds.forEach((fd, at) => message.writeInt32LE(fd, CONTROL_AT + CMSG_DATA + at * FD_SIZE));
  return message;
}

/**
 * Receives one message; `again` where there is none yet. At the end of the stream it is empty.
 * @param room.fds an even number: the padding behind an odd one has room for one more, which would come and not be seen
 * @throws SysError EBADMSG where there were more descriptors than fit (all are closed then)
 */
export function receive(socketFd: number, room: { readonly textBytes: number; readonly fds: 2 | 4 }, flags: number): Received | 'again' {
  const message = header(room.textBytes, CMSG_DATA + room.fds * FD_SIZE);
  const length = libc.recvmsg(socketFd, message, MSG_CMSG_CLOEXEC | flags);
  if (length === -1) {
    const errno = lastErrno();
    if (errno === constants.errno.EAGAIN || errno === constants.errno.EINTR) return 'again';
    throw new SysError(errno, 'recvmsg');
  }
  const fds = descriptorsIn(message);
  const told = message.readInt32LE(MSG_FLAGS);
  if ((told & MSG_CTRUNC) !== 0) {
    for (const fd of fds) closeSync(fd);
    throw new SysError(constants.errno.EBADMSG, 'recvmsg');
  }
  return { text: message.subarray(TEXT_AT, TEXT_AT + length), fds, isCut: (told & MSG_TRUNC) !== 0 };
}

function header(textBytes: number, controlBytes: number): Buffer {
  const message = Buffer.alloc(TEXT_AT + textBytes);
  const address = addressOf(message);
  message.writeBigUInt64LE(address + BigInt(VECTOR_AT), MSG_IOV);
  message.writeBigUInt64LE(1n, MSG_IOVLEN);
  message.writeBigUInt64LE(controlBytes === 0 ? 0n : address + BigInt(CONTROL_AT), MSG_CONTROL);
  message.writeBigUInt64LE(BigInt(controlBytes), MSG_CONTROLLEN);
  message.writeBigUInt64LE(address + BigInt(TEXT_AT), VECTOR_AT);
  message.writeBigUInt64LE(BigInt(textBytes), VECTOR_AT + VECTOR_LENGTH);
  return message;
}

function descriptorsIn(message: Buffer): number[] {
  const received = Number(message.readBigUInt64LE(MSG_CONTROLLEN));
  if (received < CMSG_DATA) return [];
  const control = message.subarray(CONTROL_AT, TEXT_AT);
  if (control.readInt32LE(CMSG_LEVEL) !== SOL_SOCKET || control.readInt32LE(CMSG_TYPE) !== SCM_RIGHTS) return [];
  const end = Math.min(Number(control.readBigUInt64LE()), control.length);
  const fds: number[] = [];
  for (let offset = CMSG_DATA; offset + FD_SIZE <= end; offset += FD_SIZE) fds.push(control.readInt32LE(offset));
  return fds;
}
