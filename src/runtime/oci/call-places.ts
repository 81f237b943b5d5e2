import PQueue from 'p-queue';

/** A call that is under way for this long hangs or waits for something outside: it uses no processor. */
const slowMs = 3_000;

/**
 * Places for calls of the runtime: so many work at once. The bound is for the processors' sake, and so a call that is
 * slow gives its place to the next one and goes on beside it: a runtime that hangs for some
 * containers, however many, holds up no other for longer than that.
 */
export class CallPlaces {
  readonly #queue: PQueue;

  /** @param patienceMs after which a call gives its place up */
  constructor(
    concurrency: number,
    private readonly patienceMs = slowMs,
  ) {
    this.#queue = new PQueue({ concurrency });
  }

  /** Runs `work` when there is a place for it. Settles as the work does. */
  run<T>(work: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      void this.#queue.add(async () => {
        const outcome = work();
        outcome.then(resolve, reject);
        await settledOrSlow(outcome, this.patienceMs);
      });
    });
  }
}

/** Never rejects. */
async function settledOrSlow(work: Promise<unknown>, patienceMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const slow = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patienceMs);
  });
  await Promise.race([work.catch(() => undefined), slow]);
  clearTimeout(timer);
}
