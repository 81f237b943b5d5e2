import { closeSync, constants, openSync, readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

import { patienceMs } from './deadline';

/** A page at a time, and a pause after each: a hundred kilobytes take a quarter of a second, and no pause is long enough to be taken for the end. */
const PIECE_BYTES = 4096;
const PAUSE_MS = 5;

/** A client's read end of a FIFO whose program is slow to take what comes. */
export class SlowReader {
  readonly #fd: number;
  #text = '';

  constructor(path: string) {
    this.#fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  }

  get readBytes(): number {
    return this.#text.length;
  }

  /** Reads until `last` has come; ASCII. @returns all that has been read */
  async untilContains(last: string): Promise<string> {
    const piece = Buffer.alloc(PIECE_BYTES);
    for (const untilMs = performance.now() + patienceMs; !this.#text.includes(last); await delay(PAUSE_MS)) {
      if (performance.now() > untilMs) throw new Error(`${last} has not come, but ${this.#text.slice(-100)}`);
      this.#text += piece.toString('ascii', 0, this.#read(piece));
    }
    return this.#text;
  }

  close(): void {
    closeSync(this.#fd);
  }

  #read(piece: Buffer): number {
    try {
      return readSync(this.#fd, piece);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return 0;
      throw error;
    }
  }
}
