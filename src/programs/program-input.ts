import { constants, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { errorCodeOf } from '../sys/thrown';
import type { ProgramParts } from './parts';
import type { Program } from './program';

/** The stdin of a program that is open to whoever attaches: a FIFO of its own directory. */
export class ProgramInput {
  #isGone = false;

  private constructor(private readonly socket: Socket) {
    // It has ended, or has closed its stdin: it wants no more.
    socket.once('error', () => { this.close(); });
  }

  /** Undefined where its stdin is not open. */
  static open({ inputPath }: ProgramParts, { key }: Program): ProgramInput | undefined {
    try {
      const fd = openSync(inputPath(key), constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
      return new ProgramInput(new Socket({ fd, readable: false, writable: true }));
    } catch (error) {
      const code = errorCodeOf(error);
      if (code === 'ENXIO' || code === 'ENOENT') return undefined;
      throw error;
    }
  }

  /** Resolves when the kernel has all of it, or nobody wants it any more. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.#isGone) return;
    await new Promise<void>((resolve) => {
      this.socket.once('close', resolve);
      this.socket.write(bytes, () => {
        this.socket.off('close', resolve);
        resolve();
      });
    });
  }

  /** The program's stdin stays open. May be called twice. */
  close(): void {
    this.#isGone = true;
    this.socket.destroy();
  }
}
