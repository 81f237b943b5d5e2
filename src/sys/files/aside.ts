import { close, open, write } from 'node:fs';
import PQueue from 'p-queue';
import { libc } from '../native';
import { errorCodeOf } from '../thrown';
import { FIONREAD } from './files';
import { moveAside as moveOnce } from './transfer';

/*
 * What takes the lock of a pipe or FIFO, on threads of libuv's pool. A program may have that lock for as long as a disk hangs: sendfile(2) and splice(2) read and write the disk with it
 * (`splice_file_to_pipe` and `splice_from_pipe` in fs/splice.c), read(2) and write(2) wait with it for a page of a mapped file (fs/pipe.c). Whoever opens the FIFO, asks how much is in it, or
 * lets go of its last descriptor waits too, SIGKILL or not. poll(2), fstat(2) and pidfd_getfd(2) take no lock.
 */

/** So many may hang at once, of the pool's threads (`makePoolThreads`); what comes after them waits. */
const MOST_CLOSING = 5;
const MOST_ASKING = 5;
const MOST_MOVING = 4;

/** Calls of one kind, of which some may hang. */
class Lane {
  readonly #queue: PQueue;
  readonly #begunMs = new Set<{ readonly atMs: number }>();

  constructor(most: number) {
    this.#queue = new PQueue({ concurrency: most });
  }

  run<T>(call: () => Promise<T>): Promise<T> {
    return this.#queue.add(async () => {
      const begun = { atMs: performance.now() };
      this.#begunMs.add(begun);
      try {
        return await call();
      } finally {
        this.#begunMs.delete(begun);
      }
    });
  }

  /** So many hang, or are under way, that another has to wait. */
  get isFull(): boolean {
    return this.#queue.size > 0;
  }

  /** Since when the oldest has been under way. */
  get longestMs(): number {
    const [oldest] = this.#begunMs;
    return oldest === undefined ? 0 : performance.now() - oldest.atMs;
  }
}

/** What is under way for longer hangs. */
const ANSWER_MS = 100;

const closing = new Lane(MOST_CLOSING);
const asking = new Lane(MOST_ASKING);
const moving = new Lane(MOST_MOVING);

/** Whether so many hang that what is asked now would wait for a disk. */
export function isAskingStuck(): boolean {
  return asking.isFull;
}

/** Whether one of these calls hangs: it would keep an exit(3) waiting, and an execve(2), which ends all other threads first. */
export function hangsAside(): boolean {
  return Math.max(closing.longestMs, asking.longestMs, moving.longestMs) > ANSWER_MS;
}

/** close(2): from now on nobody else may use this descriptor. Never rejects. @returns resolves once it is closed, for those who wait for it */
export function closeAside(fd: number): Promise<void> {
  return closing.run(() => new Promise<void>((resolve) => { close(fd, () => { resolve(); }); }));
}

/** open(2). Whoever gives up waiting has to close what comes. Rejects with the system's error. */
export function openAside(path: string, flags: number): Promise<number> {
  return asking.run(() => new Promise<number>((resolve, reject) => {
    open(path, flags, (error, fd) => { error === null ? resolve(fd) : reject(error); });
  }));
}

/** How many bytes a pipe or FIFO holds; 0 where that cannot be told, as of one that has been closed meanwhile. */
export function unreadAside(fd: number): Promise<number> {
  return asking.run(() => new Promise<number>((resolve) => {
    const unread = new Int32Array(1);
    libc.ioctl.async(fd, FIONREAD, new Uint8Array(unread.buffer), (error, failed) => { resolve(error !== null || failed === -1 ? 0 : unread[0] ?? 0); });
  }));
}

/** As `moveAside` of transfer.ts. @param fromFd open until it resolves, as `toFd` */
export function moveInLane(fromFd: number, toFd: number, length: number): Promise<number | 'again' | 'end'> {
  return moving.run(() => moveOnce(fromFd, toFd, length));
}

/**
 * write(2) to the non-blocking end of a pipe or FIFO: how many bytes it has taken (maybe fewer), or `again` (no room now), `broken` (no reader any more). Rejects with any other error of the system's.
 * @param fd open until it resolves
 */
export function writeInLane(fd: number, bytes: Uint8Array): Promise<number | 'again' | 'broken'> {
  return moving.run(() => new Promise<number | 'again' | 'broken'>((resolve, reject) => {
    write(fd, bytes, (error, count) => {
      if (error === null) return resolve(count);
      const code = errorCodeOf(error);
      if (code === 'EAGAIN') resolve('again');
      else if (code === 'EPIPE') resolve('broken');
      else reject(error);
    });
  }));
}
