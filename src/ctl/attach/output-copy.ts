import type { Writable } from 'node:stream';
import { openOutput } from './stdio-fifos';

/** Copies a process's output FIFO to a stream of ours, as fast as that takes it. */
export class OutputCopy {
  /** Resolves at the end of the output, or after close(); rejects when it cannot be read. */
  readonly done: Promise<void>;
  readonly #source;

  constructor(path: string, destination: Writable) {
    const source = openOutput(path);
    this.#source = source;
    this.done = new Promise((resolve, reject) => {
      source.once('error', reject);
      source.once('close', () => {
        resolve();
      });
    });
    // Whoever is interested awaits `done`; a session that has failed already no longer does.
    this.done.catch(() => undefined);
    source.pipe(destination, { end: false });
  }

  /** May be called twice. */
  close(): void {
    this.#source.destroy();
  }
}
