import { rmSync, statSync, writeFileSync } from 'node:fs';
import { isFull } from '../../sys/shortage';

/** An end takes two or three pages of 4 KiB, and gives back more with its directory. */
const roomBytes = 64 << 10;

/**
 * Room on the disk that is kept for the ends of processes. Where containers have filled the disk themselves, only their ends
 * make room, and an end must be in the log before anything of it is removed.
 */
export class LogRoom {
  #kept = false;

  /** @param path of a file that nothing else uses */
  constructor(private readonly path: string) {
    this.keep();
  }

  /** Takes the room, if it is not taken and there is any. */
  keep(): void {
    if (this.#kept) return;
    try {
      if (statSync(this.path, { throwIfNoEntry: false })?.size !== roomBytes) writeFileSync(this.path, Buffer.alloc(roomBytes), { mode: 0o600 });
      this.#kept = true;
    } catch {
      // Half of it would keep the disk full for nobody.
      rmSync(this.path, { force: true });
    }
  }

  /** Gives the room to whatever has just failed for want of any. @returns whether to try that again */
  giveTo(error: unknown): boolean {
    if (!this.#kept || !isFullLog(error)) return false;
    this.close();
    return true;
  }

  /** Gives it back. May be called twice. */
  close(): void {
    if (!this.#kept) return;
    this.#kept = false;
    rmSync(this.path, { force: true });
  }
}

/** SQLite says so in its own words, and so do the files beside it. */
function isFullLog(error: unknown): boolean {
  return isFull(error) || (typeof error === 'object' && error !== null && 'code' in error && error.code === 'SQLITE_FULL');
}
