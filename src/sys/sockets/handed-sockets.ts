import { check } from '../errors';
import { libc } from '../native';
import { AF_UNIX } from './unix-address';

/** SD_LISTEN_FDS_START of sd_listen_fds(3). */
const FIRST_FD = 3;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;
const SO_DOMAIN = 39;
const SOCK_STREAM = 1;
/** struct sockaddr_un: the family, and a path of up to 108 bytes. */
const ADDRESS_SIZE = 110;
const FAMILY_SIZE = 2;

/** A socket that this process was started with. It stays open under its number until the process ends. */
export interface HandedSocket {
  readonly fd: number;
  /** Of LISTEN_FDNAMES; `unknown` where that says none. */
  readonly name: string;
}

/**
 * The sockets that a service manager has made and hands to this process: sd_listen_fds(3). Taken out of the environment, since nothing that is
 * started from here is given them; for the same reason they are closed at each exec.
 * @returns none, where what the variables say is another process's
 * @throws SysError EBADF where one is not open
 */
export function takeHandedSockets(env: NodeJS.ProcessEnv, pid: number): readonly HandedSocket[] {
  const { LISTEN_PID, LISTEN_FDS = '', LISTEN_FDNAMES } = env;
  for (const name of ['LISTEN_PID', 'LISTEN_FDS', 'LISTEN_FDNAMES']) delete env[name];
  if (LISTEN_PID !== String(pid) || !/^\d{1,4}$/.test(LISTEN_FDS)) return [];
  const names = LISTEN_FDNAMES?.split(':') ?? [];
  const sockets = Array.from({ length: Number(LISTEN_FDS) }, (_, at) => ({ fd: FIRST_FD + at, name: names[at] ?? 'unknown' }));
  for (const { fd } of sockets) check(libc.fcntl(fd, F_SETFD, FD_CLOEXEC), 'fcntl F_SETFD', `LISTEN_FDS, descriptor ${String(fd)}`);
  return sockets;
}

/** Has the program that takes this one's place find the same sockets; they are to be kept open for it. */
export function handOn(sockets: readonly HandedSocket[], env: NodeJS.ProcessEnv, pid: number): void {
  if (sockets.length === 0) return;
  env['LISTEN_PID'] = String(pid);
  env['LISTEN_FDS'] = String(sockets.length);
  env['LISTEN_FDNAMES'] = sockets.map(({ name }) => name).join(':');
}

/** @returns the path of a unix socket that listens for connections; undefined: it is something else, or has no path */
export function pathOfListener({ fd }: HandedSocket): string | undefined {
  const isListener = option(fd, SO_DOMAIN) === AF_UNIX && option(fd, SO_TYPE) === SOCK_STREAM && option(fd, SO_ACCEPTCONN) === 1;
  if (!isListener) return undefined;
  const address = Buffer.alloc(ADDRESS_SIZE);
  const length = sizeOf(address);
  check(libc.getsockname(fd, address, length), 'getsockname');
  const path = address.subarray(FAMILY_SIZE, length.readUInt32LE()).toString().replace(/\0.*$/s, '');
  // An abstract name begins with a zero: whoever is on the host's network may connect to it.
  return path === '' ? undefined : path;
}

/** Undefined for what is no socket. */
function option(fd: number, name: number): number | undefined {
  const value = Buffer.alloc(4);
  if (libc.getsockopt(fd, SOL_SOCKET, name, value, sizeOf(value)) === 0) return value.readInt32LE();
  return undefined;
}

function sizeOf(memory: Buffer): Buffer {
  const size = Buffer.alloc(4);
  size.writeUInt32LE(memory.length);
  return size;
}
