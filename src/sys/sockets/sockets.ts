import { check } from '../errors';
import { libc } from '../native';

export { ConsoleSocket } from './console-socket';

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** struct ucred: pid, uid, gid. */
const CREDENTIALS_SIZE = 12;

/** Who connected (or listens, seen from the client) at the other end of a unix socket, as of then: unix(7). */
export function peerCredentials(fd: number): { readonly pid: number; readonly uid: number; readonly gid: number } {
  const credentials = Buffer.alloc(CREDENTIALS_SIZE);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(CREDENTIALS_SIZE);
  check(libc.getsockopt(fd, SOL_SOCKET, SO_PEERCRED, credentials, length), 'getsockopt SO_PEERCRED');
  return { pid: credentials.readInt32LE(0), uid: credentials.readUInt32LE(4), gid: credentials.readUInt32LE(8) };
}

/** The descriptor of an open `net.Socket`, which owns it. Undefined once it is destroyed. */
export function socketFd(socket: object): number | undefined {
  // Node has no public name for it.
  const handle: unknown = Reflect.get(socket, '_handle');
  if (typeof handle !== 'object' || handle === null) return undefined;
  const fd: unknown = Reflect.get(handle, 'fd');
  return typeof fd === 'number' && fd >= 0 ? fd : undefined;
}

/** Two unix sockets that are connected to each other, close-on-exec: socketpair(2). The caller closes them. */
export function createSocketPair(): readonly [number, number] {
  const fds = Buffer.alloc(8);
  check(libc.socketPair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 'socketpair');
  return [fds.readInt32LE(0), fds.readInt32LE(4)];
}
