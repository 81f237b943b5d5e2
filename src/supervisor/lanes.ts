import { setTimeout as delay } from 'node:timers/promises';
import { CallPlaces } from '../runtime/oci/call-places';

const quickMs = 1000;

/**
 * Slow work beside the loop (exec, pause, resume, update, checkpoint): in order per
 * container, containers side by side, at most `concurrency` at once in all.
 *
 * A container's work waits for that container's only, so a hung runtime holds its own
 * container until the call's deadline, and one of the places for seconds at most.
 */
export class Lanes {
  readonly #places: CallPlaces;
  readonly #tails = new Map<string, Promise<void>>();
  #waiting = 0;

  constructor(
    concurrency: number,
    /** Work that waits or runs; beyond it `run` refuses. */
    readonly capacity: number,
  ) {
    this.#places = new CallPlaces(concurrency);
  }

  /** Work that waits or runs. */
  get size(): number {
    return this.#waiting;
  }

  /** Whether one more would be taken. */
  get hasRoom(): boolean {
    return this.#waiting < this.capacity;
  }

  /** Runs `work` (which must not reject) after what this container has waiting. */
  run(containerId: string, work: () => Promise<void>): void {
    this.#waiting += 1;
    const before = this.#tails.get(containerId) ?? Promise.resolve();
    const tail = before.then(() => this.#places.run(work)).finally(() => {
      this.#waiting -= 1;
      if (this.#tails.get(containerId) === tail) this.#tails.delete(containerId);
    });
    this.#tails.set(containerId, tail);
  }

  /** The same for work that the container's other work waits for no longer than a second: only its file system may hang. */
  runWhileQuick(containerId: string, work: () => Promise<void>): void {
    this.run(containerId, async () => {
      const patience = new AbortController();
      await Promise.race([work(), delay(quickMs, undefined, { signal: patience.signal, ref: false }).catch(() => undefined)]);
      patience.abort();
    });
  }

  /** Resolves when nothing runs or waits any more. */
  async idle(): Promise<void> {
    while (this.#tails.size > 0) await Promise.all(this.#tails.values());
  }
}
