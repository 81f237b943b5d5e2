import type { Writable } from 'node:stream';
import { openOutput } from './stdio-fifos';

/**
 * Copies a process's output FIFO to a stream of ours, as fast as that takes it. Open from the beginning, so that a writer finds a reader;
 * but what a runtime writes there whose process never comes to be is not that process's output: so nothing is passed on before begin().
 */
export class OutputCopy {
  /** Resolves at the end of the output, or after close(); rejects when it cannot be read. */
  readonly done: Promise<void>;
  readonly #source;
  readonly #destination: Writable;

  constructor(path: string, destination: Writable) {
    this.#destination = destination;
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
  }

  /** The process runs: what it has written so far comes first. */
  begin(): void {
    this.#source.pipe(this.#destination, { end: false });
  }

  /** May be called twice. */
  close(): void {
    this.#source.destroy();
  }
}
