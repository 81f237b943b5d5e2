import { closeSync, fstatSync } from 'node:fs';
import { unreadBytes } from '../sys/files';

/** How soon after the last byte was read, or the FIFO removed, a reader sees the end. */
const LOOK_EVERY_MS = 100;

/** Something of an ended process that waits for a reader. */
export interface Lingerer {
  /** Looks whether there is still something to wait for; what is over has let go of everything. */
  isOver(): boolean;
  /** Lets go of everything at once. */
  close(): void;
}

/**
 * What outlives its process: output that nobody has read yet. A FIFO loses what is in it when its last descriptor
 * closes, so the keeper stays until a late reader has emptied it, or the FIFO was removed and no
 * reader can come any more. The kernel has no event for "read empty" (a pipe wakes its writers only when it had been
 * full, pipe(7)), hence a look at intervals, and only while there is something to look at.
 */
export class Lingering {
  private readonly lingerers = new Set<Lingerer>();
  private timer: NodeJS.Timeout | undefined;

  /** @param onEmpty called each time that the last one has gone */
  constructor(private readonly onEmpty: () => void) {}

  get size(): number {
    return this.lingerers.size;
  }

  add(lingerer: Lingerer): void {
    if (lingerer.isOver()) return;
    this.lingerers.add(lingerer);
    this.timer ??= setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  /** Takes over the descriptor of an output FIFO open for reading and writing. */
  addKeeper(keeperFd: number): void {
    this.add(new UnreadOutput(keeperFd));
  }

  close(): void {
    for (const lingerer of this.lingerers) lingerer.close();
    this.lingerers.clear();
    this.stop();
  }

  private look(): void {
    for (const lingerer of this.lingerers) {
      if (lingerer.isOver()) this.lingerers.delete(lingerer);
    }
    if (this.lingerers.size > 0) return;
    this.stop();
    this.onEmpty();
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

  close(): void {
    if (this.keeperFd !== undefined) closeSync(this.keeperFd);
    this.keeperFd = undefined;
  }
}

/** Whether the file has no name left, so that nobody can open it any more. */
export function isRemoved(fd: number): boolean {
  return fstatSync(fd).nlink === 0;
}
