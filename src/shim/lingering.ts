import { closeSync, fstatSync } from 'node:fs';
import { unreadBytes } from '../sys/files';

/** How soon after the last byte was read, or the FIFO removed, a reader sees the end. */
const LOOK_EVERY_MS = 100;

/** Long enough for a client that is being upgraded or repaired; after it, nobody is thought to come. */
const PATIENCE_MS = 10 * 60 * 1000;

/** Each is a descriptor and up to 1 MiB of the kernel's memory. */
const MOST_LINGERERS = 1024;

/** Something of an ended process that waits for a reader. */
export interface Lingerer {
  /** Looks whether there is still something to wait for; what is over has let go of everything. */
  isOver(): boolean;
  /** A figure that changes whenever a reader takes something; undefined as long as nothing waits for a reader. */
  readonly taken: number | undefined;
  /** Lets go of everything at once. */
  close(): void;
}

export interface LingeringOptions {
  /** Called each time that the last one has gone. */
  readonly onEmpty: () => void;
  /** Output was given up that nobody has read; the text says why. */
  readonly onGivenUp: (why: string) => void;
  /** How long unread output waits without anybody taking any of it. */
  readonly patienceMs?: number;
  /** How many may wait at once. */
  readonly most?: number;
}

interface Waiting {
  taken: number | undefined;
  sinceMs: number;
}

/**
 * What outlives its process: output that nobody has read yet. A FIFO loses what is in it when its last descriptor
 * closes, so the keeper stays until a late reader has emptied it, or the FIFO was removed and no
 * reader can come any more. The kernel has no event for "read empty" (a pipe wakes its writers only when it had been
 * full, pipe(7)), hence a look at intervals, and only while there is something to look at.
 *
 * A client that gives FIFOs and never reads them must not keep this program for ever: what nobody
 * takes anything of for ten minutes is given up, and so is the oldest where 1024 wait.
 */
export class Lingering {
  private readonly waiting = new Map<Lingerer, Waiting>();
  private readonly patienceMs: number;
  private readonly most: number;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: LingeringOptions) {
    this.patienceMs = options.patienceMs ?? PATIENCE_MS;
    this.most = options.most ?? MOST_LINGERERS;
  }

  get size(): number {
    return this.waiting.size;
  }

  add(lingerer: Lingerer): void {
    if (lingerer.isOver()) return;
    const [oldest] = this.waiting.keys();
    if (oldest !== undefined && this.waiting.size >= this.most) this.giveUp(oldest, `${this.most} others wait`);
    this.waiting.set(lingerer, { taken: lingerer.taken, sinceMs: performance.now() });
    this.timer ??= setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  /** Takes over the descriptor of an output FIFO open for reading and writing. */
  addKeeper(keeperFd: number): void {
    this.add(new UnreadOutput(keeperFd));
  }

  close(): void {
    for (const lingerer of this.waiting.keys()) lingerer.close();
    this.waiting.clear();
    this.stop();
  }

  private look(): void {
    const nowMs = performance.now();
    for (const [lingerer, waiting] of this.waiting) {
      if (lingerer.isOver()) this.waiting.delete(lingerer);
      else this.lookAt(lingerer, waiting, nowMs);
    }
    if (this.waiting.size > 0) return;
    this.stop();
    this.options.onEmpty();
  }

  private lookAt(lingerer: Lingerer, waiting: Waiting, nowMs: number): void {
    const { taken } = lingerer;
    if (taken === undefined || taken !== waiting.taken) {
      waiting.taken = taken;
      waiting.sinceMs = nowMs;
    } else if (nowMs - waiting.sinceMs >= this.patienceMs) {
      this.giveUp(lingerer, `nobody has read any of it for ${this.patienceMs / 1000} s`);
    }
  }

  private giveUp(lingerer: Lingerer, why: string): void {
    this.waiting.delete(lingerer);
    lingerer.close();
    this.options.onGivenUp(why);
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}

class UnreadOutput implements Lingerer {
  private keeperFd: number | undefined;

  constructor(keeperFd: number) {
    this.keeperFd = keeperFd;
  }

  isOver(): boolean {
    if (this.keeperFd === undefined) return true;
    if (unreadBytes(this.keeperFd) > 0 && !isRemoved(this.keeperFd)) return false;
    this.close();
    return true;
  }

  get taken(): number | undefined {
    return this.keeperFd === undefined ? undefined : -unreadBytes(this.keeperFd);
  }

  close(): void {
    if (this.keeperFd !== undefined) closeSync(this.keeperFd);
    this.keeperFd = undefined;
  }
}

/** Whether the file has no name left, so that nobody can open it any more. */
export function isRemoved(fd: number): boolean {
  return fstatSync(fd).nlink === 0;
}
