import { LateReaders, UnreadFifo } from '../runtime/late-readers';

/**
 * Output of ended processes that nobody has read yet: the shim holds its FIFOs open, and so does the daemon, so that the death of either loses
 * nothing. What has been read, or whose FIFO was removed, is let go, and so is what nobody takes anything of for ten minutes.
 */
export class LastWords {
  private readonly waiting = new LateReaders<UnreadFifo>({ keepsProgram: false });

  /** @param keeperFd of an output FIFO, open for reading and writing; belongs to this object from now on */
  keep(keeperFd: number): void {
    this.waiting.add(new UnreadFifo(keeperFd));
  }
}
