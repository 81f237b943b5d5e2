import { closeSync, constants as fsConstants } from 'node:fs';
import { createPipe, writeSome } from '../../sys/files/files';
import { reopen } from '../stdio/stdio-path';

/** By which a stub is told something, and by whose end it sees that whoever would tell it has died. */
export class TellingPipe {
  /** The stub's, which waits at it. */
  readonly endFd: number;
  #writeFd: number | undefined;
  #hasEnd = true;

  constructor() {
    const { readFd, writeFd } = createPipe();
    this.#writeFd = writeFd;
    try {
      this.endFd = reopen(readFd, fsConstants.O_RDONLY);
    } catch (error) {
      closeSync(writeFd);
      throw error;
    } finally {
      closeSync(readFd);
    }
  }

  /** The stub has its own. */
  closeEnd(): void {
    if (this.#hasEnd) closeSync(this.endFd);
    this.#hasEnd = false;
  }

  /** All of it is to be less than a pipe holds. @returns whether anybody has the end still @throws the system's error */
  tell(text: string): boolean {
    const bytes = Buffer.from(text);
    return this.#writeFd !== undefined && writeSome(this.#writeFd, bytes, 0, bytes.length) !== 'broken';
  }

  close(): void {
    this.closeEnd();
    if (this.#writeFd !== undefined) closeSync(this.#writeFd);
    this.#writeFd = undefined;
  }
}
