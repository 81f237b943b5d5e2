import { closeSync, fchmodSync, rmSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError, check } from '../errors';
import { setNonBlocking } from '../files/files';
import { lastErrno, libc } from '../native';
import type { Poller, Watch } from '../poller';
import { receive } from './message-header';
import { AF_UNIX, unixAddress } from './unix-address';

const SOCK_STREAM = 1;
const SOCK_NONBLOCK = 0o4000;
const SOCK_CLOEXEC = 0o2000000;
const BACKLOG = 1;

/** The text that comes with the descriptor (the terminal's name) is of no use: room for some of it. */
const TEXT_BYTES = 4096;

/**
 * The socket of `--console-socket`: the runtime connects to it and sends the master side of the
 * container's terminal, one descriptor with one message (the OCI runtimes' convention). What connects
 * first is heard; the socket is gone as soon as its message has come.
 */
export class ConsoleSocket {
  /**
   * The terminal's master side, close-on-exec and non-blocking, the receiver's to close.
   * Rejects with a SysError: EBADMSG for a message without exactly one descriptor, ECANCELED after `close()`.
   * May be left alone: a rejection that nobody looks at is no unhandled one.
   */
  readonly terminalFd: Promise<number>;
  readonly #poller: Poller;
  readonly #path: string;
  readonly #resolve: (fd: number) => void;
  readonly #reject: (error: unknown) => void;
  /** The listening socket, then the connection. */
  #socketFd: number;
  #watch: Watch;
  #closed = false;

  /** @throws SysError EADDRINUSE, ENAMETOOLONG (107 bytes at most) and others of bind(2), with the path */
  constructor(poller: Poller, path: string) {
    this.#poller = poller;
    this.#path = path;
    let resolve: (fd: number) => void = () => undefined;
    let reject: (error: unknown) => void = () => undefined;
    this.terminalFd = new Promise((onFd, onError) => {
      resolve = onFd;
      reject = onError;
    });
    this.terminalFd.catch(() => undefined);
    this.#resolve = resolve;
    this.#reject = reject;
    this.#socketFd = listenAt(path);
    try {
      this.#watch = poller.watch(this.#socketFd, { in: true }, () => this.#settling(() => this.#accept()));
    } catch (error) {
      closeSync(this.#socketFd);
      rmSync(path, { force: true });
      throw error;
    }
  }

  /** Stops waiting, and removes the socket's file. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch.close();
    closeSync(this.#socketFd);
    rmSync(this.#path, { force: true });
    this.#reject(new SysError(constants.errno.ECANCELED, 'recvmsg', this.#path));
  }

  #accept(): void {
    const connectionFd = libc.accept(this.#socketFd, null, null, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (connectionFd === -1) {
      const errno = lastErrno();
      if (errno === constants.errno.EAGAIN || errno === constants.errno.ECONNABORTED) return; // It has left already.
      throw new SysError(errno, 'accept4', this.#path);
    }
    this.#watch.close();
    closeSync(this.#socketFd);
    this.#socketFd = connectionFd;
    this.#watch = this.#poller.watch(connectionFd, { in: true }, () => this.#settling(() => this.#receive()));
  }

  #receive(): void {
    const received = receive(this.#socketFd, { textBytes: TEXT_BYTES, fds: 2 }, 0);
    if (received === 'again') return;
    const { fds } = received;
    const [fd, ...rest] = fds;
    if (fd === undefined || rest.length > 0) {
      for (const each of fds) closeSync(each);
      throw new SysError(constants.errno.EBADMSG, 'recvmsg', this.#path);
    }
    setNonBlocking(fd);
    this.#resolve(fd);
    this.close();
  }

  #settling(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#reject(error);
      this.close();
    }
  }
}

function listenAt(path: string): number {
  const address = unixAddress(path);
  const fd = check(libc.socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), 'socket');
  try {
    // Before the bind: the file appears with this mode (Linux), and nobody else can connect in between.
    fchmodSync(fd, 0o600);
    check(libc.bind(fd, address, address.length), 'bind', path);
    check(libc.listen(fd, BACKLOG), 'listen', path);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}
