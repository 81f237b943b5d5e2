import PQueue from 'p-queue';

/** The design's number: as many starts at once as keep two cores busy without starving the rest. */
const workers = 10;

/** The fixed pool of ten workers that starts go to. */
export class StartPool {
  readonly #queue = new PQueue({ concurrency: workers });

  /** @param capacity starts that may wait; beyond it `hasRoom` says no */
  constructor(readonly capacity: number) {}

  /** Starts under way. */
  get busy(): number {
    return this.#queue.pending;
  }

  /** Starts that wait for a worker. */
  get waiting(): number {
    return this.#queue.size;
  }

  get hasRoom(): boolean {
    return this.waiting < this.capacity;
  }

  /** Runs `work`, which must not reject, when a worker is free. */
  run(work: () => Promise<void>): void {
    void this.#queue.add(work);
  }

  /** The same, before all that wait otherwise: what is made already holds memory until it is let go, and somebody waits for it longest. */
  runNext(work: () => Promise<void>): void {
    void this.#queue.add(work, { priority: 1 });
  }

  /** Resolves when no start is under way or waits. */
  idle(): Promise<void> {
    return this.#queue.onIdle();
  }
}
