import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError, check } from './errors';
import { layout, libc, watchReadable, type LoopWatch } from './native';

/** What the kernel reports of a descriptor: the bits of epoll_ctl(2); EPOLLRDHUP wakes, and is not told apart. */
export interface PollEvents {
  readonly in: boolean;
  readonly out: boolean;
  readonly pri: boolean;
  readonly hup: boolean;
  readonly err: boolean;
}

/**
 * What to be told of. Hang-ups and errors are always reported, so `{}` waits for those alone.
 * `edge` reports a condition once when it arises instead of as long as it lasts.
 */
export interface PollInterest {
  readonly in?: boolean;
  readonly out?: boolean;
  readonly pri?: boolean;
  /** The other end of a socket will send nothing more, although it may still read. */
  readonly peerEnd?: boolean;
  readonly edge?: boolean;
}

/** A watched descriptor. `close()` ends the watch (it may be called twice) and leaves the descriptor open. */
export interface Watch {
  close(): void;
}

interface Entry {
  readonly fd: number;
  readonly token: number;
  readonly callback: (events: PollEvents) => void;
}

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLLIN = 0x1;
const EPOLLPRI = 0x2;
const EPOLLOUT = 0x4;
const EPOLLERR = 0x8;
const EPOLLHUP = 0x10;
const EPOLLRDHUP = 0x2000;
const EPOLLET = 0x80000000;

/** Events taken per turn of the event loop; more stay ready for the next turn, and the kernel rotates them. */
const BATCH = 256;

/**
 * Watches any number of descriptors of any kind that epoll knows (FIFOs, pidfds, eventfds, terminals,
 * cgroup files) through one epoll instance, whose descriptor libuv watches in turn. No thread blocks.
 *
 * An open Poller does not keep an otherwise finished process alive, unless `ref()` was called.
 */
export class Poller {
  /** Takes what a callback throws. */
  readonly onError: (error: unknown) => void;
  readonly #epollFd: number;
  readonly #loopWatch: LoopWatch;
  readonly #ready = Buffer.alloc(layout.epollEvent.size * BATCH);
  // Events carry a token, not the descriptor: an event of a descriptor that was closed within the
  // same batch must not reach the one that got its number.
  readonly #byToken = new Map<number, Entry>();
  readonly #byFd = new Map<number, Entry>();
  #lastToken = 0;
  #drainScheduled = false;
  #closed = false;

  constructor(onError: (error: unknown) => void) {
    this.onError = onError;
    this.#epollFd = check(libc.epollCreate(EPOLL_CLOEXEC), 'epoll_create1');
    this.#loopWatch = watchReadable(this.#epollFd, () => this.#scheduleDrain());
    this.#loopWatch.unref();
  }

  /** How many descriptors are watched. */
  get size(): number {
    return this.#byToken.size;
  }

  /**
   * Calls `callback` whenever the descriptor is in one of the states of `interest`, hung up or in error.
   * The watch must be closed before its descriptor is.
   * @throws SysError EEXIST if the descriptor is watched already, EPERM for a regular file or a directory,
   * EBADF also after `close()`
   */
  watch(fd: number, interest: PollInterest, callback: (events: PollEvents) => void): Watch {
    if (this.#closed) throw new SysError(constants.errno.EBADF, 'epoll_ctl');
    const token = ++this.#lastToken;
    const event = Buffer.alloc(layout.epollEvent.size);
    event.writeUInt32LE(bitsOf(interest));
    event.writeBigUInt64LE(BigInt(token), layout.epollEvent.data);
    check(libc.epollControl(this.#epollFd, EPOLL_CTL_ADD, fd, event), 'epoll_ctl');

    // The kernel accepted the number, so a watch that we still have for it is of a descriptor closed meanwhile.
    const stale = this.#byFd.get(fd);
    if (stale !== undefined) this.#byToken.delete(stale.token);
    const entry = { fd, token, callback };
    this.#byToken.set(token, entry);
    this.#byFd.set(fd, entry);
    return { close: () => this.#unwatch(entry) };
  }

  /** Keeps the process alive as long as the Poller is open. */
  ref(): void {
    if (!this.#closed) this.#loopWatch.ref();
  }

  /** Undoes `ref()`. */
  unref(): void {
    if (!this.#closed) this.#loopWatch.unref();
  }

  /** Ends all watches. The watched descriptors stay open. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#byToken.clear();
    this.#byFd.clear();
    this.#loopWatch.close();
    closeSync(this.#epollFd);
  }

  #unwatch(entry: Entry): void {
    if (!this.#byToken.delete(entry.token)) return;
    this.#byFd.delete(entry.fd);
    // Fails only if the descriptor was closed before its watch; the kernel has dropped it then.
    libc.epollControl(this.#epollFd, EPOLL_CTL_DEL, entry.fd, null);
  }

  // libuv's callback runs outside of Node's own bookkeeping: what it threw would surface anywhere.
  // An immediate follows in the same turn of the loop and is an ordinary callback of Node.
  #scheduleDrain(): void {
    if (this.#drainScheduled || this.#closed) return;
    this.#drainScheduled = true;
    setImmediate(() => {
      this.#drainScheduled = false;
      if (!this.#closed) this.#drain();
    });
  }

  #drain(): void {
    const count = check(libc.epollWait(this.#epollFd, this.#ready, BATCH, 0), 'epoll_wait');
    for (let index = 0; index < count; index++) {
      const offset = index * layout.epollEvent.size;
      const token = Number(this.#ready.readBigUInt64LE(offset + layout.epollEvent.data));
      // Not there any more: an earlier callback of this batch has closed the watch.
      this.#tell(this.#byToken.get(token), this.#ready.readUInt32LE(offset));
    }
  }

  #tell(entry: Entry | undefined, bits: number): void {
    try {
      entry?.callback(eventsOf(bits));
    } catch (error) {
      this.onError(error);
    }
  }
}

function bitsOf(interest: PollInterest): number {
  let bits = 0;
  if (interest.in === true) bits += EPOLLIN;
  if (interest.out === true) bits += EPOLLOUT;
  if (interest.pri === true) bits += EPOLLPRI;
  if (interest.peerEnd === true) bits += EPOLLRDHUP;
  if (interest.edge === true) bits += EPOLLET;
  return bits;
}

function eventsOf(bits: number): PollEvents {
  return {
    in: (bits & EPOLLIN) !== 0,
    out: (bits & EPOLLOUT) !== 0,
    pri: (bits & EPOLLPRI) !== 0,
    hup: (bits & EPOLLHUP) !== 0,
    err: (bits & EPOLLERR) !== 0,
  };
}
