import { closeSync, constants as fsConstants, writeSync } from 'node:fs';
import { createPipe } from '../../sys/files/files';
import { reopen } from '../stdio/stdio-path';

/** By which a stub is told something once, and by whose end it sees that whoever would tell it has died. */
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

  /** All that it is told, at once: it is to be less than a pipe holds. @throws the system's error: EPIPE where nobody has its end any more */
  tell(text: string): void {
    if (this.#writeFd === undefined) return;
    writeSync(this.#writeFd, text);
    this.#closeWrite();
  }

  close(): void {
    this.closeEnd();
    this.#closeWrite();
  }

  #closeWrite(): void {
    if (this.#writeFd !== undefined) closeSync(this.#writeFd);
    this.#writeFd = undefined;
  }
}
