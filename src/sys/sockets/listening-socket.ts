import { chmodSync, chownSync, closeSync, constants as fileConstants, fstatSync, lstatSync, openSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { O_PATH } from '../files/cached-name';
import { SysError, check } from '../errors';
import { lastErrno, libc } from '../native';
import { familyOf, internetAddress, isSameAddress } from './internet-address';
import { AF_UNIX, unixAddress } from './unix-address';

const { EADDRINUSE, ECONNREFUSED, EINVAL, ENOTSOCK } = constants.errno;
const AF_INET6 = 10;
const SOCK_STREAM = 1;
const SOCK_DGRAM = 2;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_IPV6 = 41;
const IPV6_V6ONLY = 26;
const S_IFMT = 0o170000;
const S_IFSOCK = 0o140000;
/** The kernel takes what it allows (net.core.somaxconn) where that is less. */
const backlog = 4096;
const longestAddress = 128;

/** Where a socket is. */
export type ListenPlace =
  | { readonly is: 'tcp' | 'udp'; /** An address; empty: any. */ readonly host: string; readonly port: number }
  | { readonly is: 'unix'; readonly path: string; readonly mode: number; readonly uid: number; readonly gid: number };

/** A socket that listens (of UDP: that is bound), close-on-exec; the caller closes it. A socket file that nobody listens on any more is replaced. @throws SysError EADDRINUSE and others */
export function openListening(place: ListenPlace): number {
  const address = addressOf(place);
  const type = place.is === 'udp' ? SOCK_DGRAM : SOCK_STREAM;
  const fd = check(libc.socket(familyOf(address), type | SOCK_CLOEXEC, 0), 'socket');
  try {
    if (place.is !== 'unix') setOptions(fd, familyOf(address), place.host);
    else removeStale(place.path, address);
    check(libc.bind(fd, address, address.length), 'bind', describe(place));
    if (place.is === 'unix') giveAway(place);
    if (place.is !== 'udp') check(libc.listen(fd, backlog), 'listen', describe(place));
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** Whether a descriptor is a socket of that place. */
export function isSocketOf(fd: number, place: ListenPlace): boolean {
  const found = Buffer.alloc(longestAddress);
  const length = Buffer.alloc(4);
  length.writeUInt32LE(found.length);
  if (libc.getsockname(fd, found, length) === -1) return false;
  const wanted = addressOf(place);
  if (familyOf(found) !== familyOf(wanted)) return false;
  if (place.is !== 'unix') return isSameAddress(found, wanted);
  return found.subarray(2, length.readUInt32LE()).toString().replace(/\0.*$/s, '') === place.path;
}

function addressOf(place: ListenPlace): Buffer {
  if (place.is === 'unix') return unixAddress(place.path);
  const address = internetAddress(place.host, place.port);
  if (address === undefined) throw new SysError(EINVAL, 'bind', describe(place));
  return address;
}

function describe(place: ListenPlace): string {
  return place.is === 'unix' ? place.path : `${place.host}:${String(place.port)}`;
}

function setOptions(fd: number, family: number, host: string): void {
  // Connections of before that are just coming to their end are nobody who listens.
  setOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  if (family === AF_INET6) setOption(fd, IPPROTO_IPV6, IPV6_V6ONLY, host === '' ? 0 : 1);
}

function setOption(fd: number, level: number, name: number, value: number): void {
  const memory = Buffer.alloc(4);
  memory.writeInt32LE(value);
  check(libc.setsockopt(fd, level, name, memory, memory.length), 'setsockopt');
}

/** Who may write in its directory can put something else in its place: of a link, what it leads to would be given away. */
function giveAway({ path, mode, uid, gid }: Extract<ListenPlace, { readonly is: 'unix' }>): void {
  const fd = openSync(path, O_PATH | fileConstants.O_NOFOLLOW);
  try {
    if (!fstatSync(fd).isSocket()) throw new SysError(ENOTSOCK, 'bind', path);
    const same = `/proc/self/fd/${String(fd)}`;
    chmodSync(same, mode);
    chownSync(same, uid, gid);
  } finally {
    closeSync(fd);
  }
}

/** A file that is no socket stays. */
function removeStale(path: string, address: Buffer): void {
  const mode = lstatSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined || (mode & S_IFMT) !== S_IFSOCK) return;
  const fd = check(libc.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 'socket');
  try {
    const isTaken = libc.connect(fd, address, address.length) === 0 || lastErrno() !== ECONNREFUSED;
    if (isTaken) throw new SysError(EADDRINUSE, 'bind', path);
    rmSync(path);
  } finally {
    closeSync(fd);
  }
}
