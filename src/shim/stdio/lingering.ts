import { LateReaders, type Unread, UnreadFifo } from '../../runtime/late-readers';
import type { Keep, LingererState, LingeringState } from '../handover/state';

/** Something of an ended process that waits for a reader. */
export interface Lingerer extends Unread {
  /** What the program that takes this one's place goes on with. Undefined where it has ended. */
  handOver(keep: Keep): LingererState | undefined;
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

/** What the shim holds of ended processes, for late readers. It lives as long as there is some, and hands it on when it is upgraded. */
export class Lingering {
  private readonly waiting: LateReaders<Lingerer>;

  constructor(options: LingeringOptions) {
    this.waiting = new LateReaders({ ...options, keepsProgram: true });
  }

  get size(): number {
    return this.waiting.size;
  }

  /** @param waitedMs how long nobody has taken anything of it */
  add(lingerer: Lingerer, waitedMs = 0): void {
    this.waiting.add(lingerer, waitedMs);
  }

  /** Takes over the descriptor of an output FIFO open for reading and writing. */
  addKeeper(keeperFd: number, waitedMs = 0): void {
    this.add(new UnreadOutput(keeperFd, () => { this.waiting.lookNow(); }), waitedMs);
  }

  /** The FIFOs of output that waits for a reader and for nothing else; their descriptors stay this object's. */
  get unreadFds(): readonly number[] {
    return this.handOver((fd) => fd).flatMap(({ lingerer }) => (lingerer.kind === 'unread' ? [lingerer.fd] : []));
  }

  handOver(keep: Keep): readonly LingeringState[] {
    return this.waiting.list().flatMap(({ unread, waitedMs }) => {
      const lingerer = unread.isOver() ? undefined : unread.handOver(keep);
      return lingerer === undefined ? [] : [{ waitedMs, lingerer }];
    });
  }

  close(): void {
    this.waiting.close();
  }
}

class UnreadOutput extends UnreadFifo implements Lingerer {
  handOver(keep: Keep): LingererState | undefined {
    return this.fd === undefined ? undefined : { kind: 'unread', fd: keep(this.fd) };
  }
}
