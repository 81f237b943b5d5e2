/** Decisions that follow from a seed, the same on every machine (Mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 to below 1. */
  fraction(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    const state = this.#state;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  }

  /** A whole number from 0 to below `bound`. */
  below(bound: number): number {
    return Math.floor(bound * this.fraction());
  }

  /** True that often, 1 being always. */
  isLikely(probability: number): boolean {
    return this.fraction() < probability;
  }

  /** A pause of a process without memory: at any moment the next is as likely as at any other. */
  pauseMs(meanMs: number, longestMs: number): number {
    return Math.min(longestMs, -meanMs * Math.log(1 - this.fraction()));
  }
}
