import { closeSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { tryLockFile } from '../sys/files/files';
import { DaemonError } from './errors';

/**
 * The lock of a state directory: one daemon serves it. The kernel lets go of it when
 * the daemon dies, however it dies (flock(2)).
 */
export class StateDirLock {
  readonly #fd: number;
  #closed = false;

  /** @throws DaemonError `state-dir-locked` */
  constructor(lockFile: string, stateDir: string) {
    this.#fd = openSync(lockFile, 'a+', 0o600);
    if (!tryLockFile(this.#fd)) {
      closeSync(this.#fd);
      throw new DaemonError('state-dir-locked', `another daemon serves the state directory ${stateDir}`);
    }
    // For people: nothing reads it.
    ftruncateSync(this.#fd);
    writeSync(this.#fd, `${process.pid}\n`);
  }

  /** May be called twice. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }
}
