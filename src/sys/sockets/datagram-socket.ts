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
  readonly #socketFd: number;
  readonly #watch: Watch;
  #isClosed = false;

  /** What lies at the path is replaced. @param uid who may send, beside root @throws SysError ENAMETOOLONG (107 bytes at most) and others of bind(2) */
  constructor(poller: Poller, private readonly path: string, uid: number, private readonly onMessage: (text: string) => void) {
    this.#socketFd = bound(path, uid);
    try {
      this.#watch = poller.watch(this.#socketFd, { in: true }, () => { this.#receive(); });
    } catch (error) {
      closeSync(this.#socketFd);
      throw error;
    }
  }

  /** The path is free again. May be called twice. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#watch.close();
    closeSync(this.#socketFd);
    rmSync(this.path, { force: true });
  }

  #receive(): void {
    for (let i = 0; i < batch && !this.#isClosed; i++) {
      const received = receive(this.#socketFd, { textBytes: mostTextBytes, fds: 2 }, 0);
      if (received === 'again') return;
      // Descriptors are of no use here.
      for (const fd of received.fds) closeSync(fd);
      this.onMessage(received.text.toString());
    }
  }
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
