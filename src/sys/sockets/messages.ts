import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError, check } from '../errors';
import { lastErrno, libc } from '../native';
import { MOST_FDS, messageOf, receive } from './message-header';

const AF_UNIX = 1;
const SOCK_SEQPACKET = 5;
const SOCK_CLOEXEC = 0o2000000;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const FD_SIZE = 4;

/** Of a message's text; what is longer is handed over as a file. */
export const MOST_MESSAGE_BYTES = 128 * 1024;

/** A message that was received: its descriptors are close-on-exec, and the receiver's to close. */
export interface Message {
  readonly text: string;
  readonly fds: readonly number[];
}

/** Two connected unix sockets that keep messages apart (SOCK_SEQPACKET), close-on-exec and blocking; the caller closes both. */
export function messageSockets(): readonly [number, number] {
  const fds = Buffer.alloc(2 * FD_SIZE);
  check(libc.socketPair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds), 'socketpair');
  return [fds.readInt32LE(0), fds.readInt32LE(FD_SIZE)];
}

/**
 * Sends a message and duplicates of descriptors, which stay the caller's.
 * @throws SysError EPIPE where nobody has the other end any more, EAGAIN (only with `wait` false), EMSGSIZE
 */
export function sendMessage(socketFd: number, { text, fds }: Message, { wait }: { readonly wait: boolean }): void {
  const bytes = Buffer.from(text);
  if (bytes.length > MOST_MESSAGE_BYTES || fds.length > MOST_FDS) throw new SysError(constants.errno.EMSGSIZE, 'sendmsg');
  const message = messageOf(bytes, fds);
  for (;;) {
    if (libc.sendmsg(socketFd, message, MSG_NOSIGNAL | (wait ? 0 : MSG_DONTWAIT)) !== -1) return;
    const errno = lastErrno();
    if (errno !== constants.errno.EINTR) throw new SysError(errno, 'sendmsg');
  }
}

/**
 * Receives one message: `again` if there is none yet (only with `wait` false), `end` where nobody has the other end any more.
 * @throws SysError EBADMSG for one that is too long, or has too many descriptors
 */
export function receiveMessage(socketFd: number, { wait }: { readonly wait: boolean }): Message | 'again' | 'end' {
  try {
    const received = receive(socketFd, { textBytes: MOST_MESSAGE_BYTES, fds: MOST_FDS }, wait ? 0 : MSG_DONTWAIT);
    if (received === 'again') return 'again';
    const { text, fds, isCut } = received;
    if (isCut) {
      for (const fd of fds) closeSync(fd);
      throw new SysError(constants.errno.EBADMSG, 'recvmsg');
    }
    return text.length === 0 ? 'end' : { text: text.toString(), fds };
  } catch (error) {
    if (error instanceof SysError && error.code === 'ECONNRESET') return 'end';
    throw error;
  }
}
