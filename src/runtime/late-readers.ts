import { closeAside, isAskingStuck, unreadAside } from '../sys/files/aside';
import { waitsForReader } from './unread-output';

/** How soon after the last byte was read, or the FIFO removed, a reader sees the end. */
const LOOK_EVERY_MS = 100;

/** Long enough for a client that is being upgraded or repaired; after it, nobody is thought to come. */
const PATIENCE_MS = 10 * 60 * 1000;

/** So many times in that time it is asked how much has been taken. */
const PATIENCE_LOOKS = 20;

/** Each is a descriptor and up to 1 MiB of the kernel's memory. */
const MOST_WAITING = 1024;

/** Something of an ended process that waits for a reader. */
export interface Unread {
  /** Looks whether there is still something to wait for; what is over has let go of everything. */
  isOver(): boolean;
  /** A figure that changes whenever a reader takes something, as far as that is known by now; undefined as long as nothing waits for a reader. Looked at seldom. */
  readonly taken: number | undefined;
  /** Lets go of everything at once. */
  close(): void;
}

export interface LateReadersOptions {
  /** Called each time that the last one has gone. */
  readonly onEmpty?: () => void;
  /** Output was given up that nobody has read; the text says why. */
  readonly onGivenUp?: (why: string) => void;
  /** How long unread output waits without anybody taking any of it. */
  readonly patienceMs?: number | undefined;
  /** How many may wait at once. */
  readonly most?: number | undefined;
  /** Whether the program lives as long as something waits. */
  readonly keepsProgram: boolean;
}

interface Waiting {
  /** At the last look; none yet: `unseen`. */
  taken: number | 'unseen' | undefined;
  lookedMs: number;
  sinceMs: number;
}

/**
 * What outlives its process: output that nobody has read yet. A FIFO loses what is in it when its last descriptor
 * closes, so the keeper stays until a late reader has emptied it, or the FIFO was removed and no
 * reader can come any more. The kernel has no event for "read empty" (a pipe wakes its writers only when it had been
 * full, pipe(7)), hence a look at intervals, and only while there is something to look at.
 *
 * A client that gives FIFOs and never reads them must not keep a program for ever: what nobody
 * takes anything of for ten minutes is given up, and so is the oldest where 1024 wait.
 */
export class LateReaders<T extends Unread> {
  private readonly waiting = new Map<T, Waiting>();
  private readonly patienceMs: number;
  private readonly most: number;
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly options: LateReadersOptions) {
    this.patienceMs = options.patienceMs ?? PATIENCE_MS;
    this.most = options.most ?? MOST_WAITING;
  }

  get size(): number {
    return this.waiting.size;
  }

  /** @param waitedMs how long nobody has taken anything of it */
  add(unread: T, waitedMs = 0): void {
    if (unread.isOver()) return;
    const [oldest] = this.waiting.keys();
    if (oldest !== undefined && this.waiting.size >= this.most) this.giveUp(oldest, `${this.most} others wait`);
    const nowMs = performance.now();
    this.waiting.set(unread, { taken: 'unseen', lookedMs: nowMs, sinceMs: nowMs - waitedMs });
    this.timer ??= setInterval(() => this.look(), LOOK_EVERY_MS);
    if (!this.options.keepsProgram) this.timer.unref();
  }

  /** What waits, and how long nobody has taken anything of it. */
  list(): readonly { readonly unread: T; readonly waitedMs: number }[] {
    const nowMs = performance.now();
    return [...this.waiting].map(([unread, { sinceMs }]) => ({ unread, waitedMs: Math.round(nowMs - sinceMs) }));
  }

  /** What is over goes now, and not at the next look. */
  lookNow(): void {
    if (this.timer !== undefined) this.look();
  }

  close(): void {
    for (const unread of this.waiting.keys()) unread.close();
    this.waiting.clear();
    this.stop();
  }

  private look(): void {
    const nowMs = performance.now();
    for (const [unread, waiting] of this.waiting) {
      if (unread.isOver()) this.waiting.delete(unread);
      else this.lookAt(unread, waiting, nowMs);
    }
    if (this.waiting.size > 0) return;
    this.stop();
    this.options.onEmpty?.();
  }

  private lookAt(unread: T, waiting: Waiting, nowMs: number): void {
    if (nowMs - waiting.lookedMs < this.patienceMs / PATIENCE_LOOKS) return;
    waiting.lookedMs = nowMs;
    const before = waiting.taken;
    const { taken } = unread;
    waiting.taken = taken;
    if (taken === undefined || (before !== 'unseen' && taken !== before)) {
      waiting.sinceMs = nowMs;
    } else if (nowMs - waiting.sinceMs >= this.patienceMs) {
      this.giveUp(unread, `nobody has read any of it for ${this.patienceMs / 1000} s`);
    }
  }

  private giveUp(unread: T, why: string): void {
    this.waiting.delete(unread);
    unread.close();
    this.options.onGivenUp?.(why);
  }

  private stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }
}

/** An output FIFO, held by a descriptor that is open for reading and writing. A process that is left may have its lock: nothing here waits for that. */
export class UnreadFifo implements Unread {
  private keeperFd: number | undefined;
  /** As it was told last. */
  private unreadBytes: number | undefined;
  private isAsking = false;

  /**
   * @param keeperFd this object's from now on
   * @param onTold called once it has been told how much there is: it is not over before. Then whoever else has this open file description lets go of it without
   * waiting, as it is not the last. Absent: it may be over at once
   */
  constructor(keeperFd: number, private readonly onTold?: () => void) {
    this.keeperFd = keeperFd;
    if (onTold !== undefined || waitsForReader(keeperFd)) this.ask(keeperFd);
  }

  /** Undefined once it is over. Stays this object's. */
  get fd(): number | undefined {
    return this.keeperFd;
  }

  isOver(): boolean {
    if (this.keeperFd === undefined) return true;
    if (this.onTold !== undefined && this.unreadBytes === undefined) return false;
    if (waitsForReader(this.keeperFd)) return false;
    this.close();
    return true;
  }

  get taken(): number | undefined {
    if (this.keeperFd === undefined) return undefined;
    this.ask(this.keeperFd);
    return -(this.unreadBytes ?? 0);
  }

  close(): void {
    if (this.keeperFd !== undefined) void closeAside(this.keeperFd);
    this.keeperFd = undefined;
  }

  /** It is there at the next look. */
  private ask(fd: number): void {
    if (this.isAsking) return;
    // Others hang, and this one need not: it is not to wait for their disks.
    if (isAskingStuck()) {
      this.unreadBytes ??= 0;
      return;
    }
    this.isAsking = true;
    void unreadAside(fd).then((unread) => {
      const isFirst = this.unreadBytes === undefined;
      this.unreadBytes = unread;
      this.isAsking = false;
      if (isFirst) this.onTold?.();
    });
  }
}
