import { closeSync } from 'node:fs';
import { createPipe, setPipeSize } from '../../sys/files/files';

/** A pipe for what has been taken from a FIFO, and is to be read. */
export interface Pipe {
  readonly readFd: number;
  readonly writeFd: number;
}

/**
 * Pipes that copies borrow for as long as another thread is at work with them: a few for all, as hardly more are used at the same time.
 * A copy that waits at a FIFO whose lock is somebody's keeps its one until then.
 */
export class Pipes {
  private readonly idle: Pipe[] = [];

  /** @param bytes what each holds, where the system allows it @param most kept when nobody uses them */
  constructor(
    private readonly bytes: number,
    private readonly most: number,
  ) {}

  /** An empty one. @throws SysError */
  take(): Pipe {
    const kept = this.idle.pop();
    if (kept !== undefined) return kept;
    const pipe = createPipe();
    setPipeSize(pipe.writeFd, this.bytes);
    return pipe;
  }

  /** @param pipe empty again */
  giveBack(pipe: Pipe): void {
    if (this.idle.length < this.most) this.idle.push(pipe);
    else this.discard(pipe);
  }

  /** Instead of `giveBack`, where what may be in it is nobody's. */
  discard({ readFd, writeFd }: Pipe): void {
    for (const fd of [readFd, writeFd]) closeSync(fd);
  }
}
