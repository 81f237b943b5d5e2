import { chownSync, closeSync, fchmodSync, rmSync } from 'node:fs';
import { check } from '../errors';
import { libc } from '../native';
import type { Poller, Watch } from '../poller';
import { receive } from './message-header';
import { AF_UNIX, unixAddress } from './unix-address';

const SOCK_DGRAM = 2;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
/** sd_notify(3): longer ones are cut. */
const mostTextBytes = 4096;
/** Taken at a time; more stay for the next turn. */
const batch = 64;

/** Takes datagrams at a path of the file system: unix(7). */
export class DatagramSocket {
  readonly #watch: Watch;
  #isClosed = false;

  /** @param fd a datagram socket, which is this object's from now on, also when this throws @throws SysError */
  constructor(poller: Poller, readonly fd: number, private readonly onMessage: (text: string) => void) {
    try {
      this.#watch = poller.watch(fd, { in: true }, () => { this.takeWaiting(); });
    } catch (error) {
      closeSync(fd);
      throw error;
    }
  }

  /** What lies at the path is replaced. @param uid who may send, beside root @throws SysError ENAMETOOLONG (107 bytes at most) and others of bind(2) */
  static at(poller: Poller, path: string, uid: number, onMessage: (text: string) => void): DatagramSocket {
    return new DatagramSocket(poller, bound(path, uid), onMessage);
  }

  /** Nobody is heard here any more; whoever else has the socket goes on. The path stays. May be called twice. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watch.close();
    closeSync(this.fd);
  }

  /** Takes what has come, now. */
  takeWaiting(): void {
    for (let i = 0; i < batch && !this.#isClosed; i++) {
      const text = receiveText(this.fd);
      if (text === undefined) return;
      this.onMessage(text);
    }
  }
}

/** One message; undefined where there is none. @throws SysError */
export function receiveText(fd: number): string | undefined {
  const received = receive(fd, { textBytes: mostTextBytes, fds: 2 }, 0);
  if (received === 'again') return undefined;
  // Descriptors are of no use here.
  for (const each of received.fds) closeSync(each);
  return received.text.toString();
}

function bound(path: string, uid: number): number {
  const address = unixAddress(path);
  rmSync(path, { force: true });
  const fd = check(libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 'socket');
  try {
    // Before the bind: the file appears with this mode (Linux).
    fchmodSync(fd, 0o600);
    check(libc.bind(fd, address, address.length), 'bind', path);
    if (uid !== process.geteuid?.()) chownSync(path, uid, -1);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
