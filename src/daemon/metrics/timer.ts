/** Percentiles are those of the last so many durations. */
const WINDOW = 1_024;

/** The durations of one timer so far, in milliseconds; all 0 where there are none. */
export interface TimerFigures {
  readonly count: number;
  readonly sumMs: number;
  readonly minMs: number;
  readonly maxMs: number;
  readonly meanMs: number;
  /** The percentiles are those of the last 1,024 durations, all else is of all of them. */
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly p99Ms: number;
}

/** Keeps durations in constant memory; adding one is a handful of instructions. */
export class Timer {
  readonly #window = new Float64Array(WINDOW);
  #count = 0;
  #sumMs = 0;
  #minMs = Infinity;
  #maxMs = 0;

  /** A duration below zero (a clock set back) counts as zero, one that is not a number not at all. */
  add(durationMs: number): void {
    if (!Number.isFinite(durationMs)) return;
    const ms = Math.max(0, durationMs);
    this.#window[this.#count % WINDOW] = ms;
    this.#count += 1;
    this.#sumMs += ms;
    this.#minMs = Math.min(this.#minMs, ms);
    this.#maxMs = Math.max(this.#maxMs, ms);
  }

  figures(): TimerFigures {
    const recent = this.#window.slice(0, Math.min(this.#count, WINDOW)).sort();
    // The nearest rank: the smallest duration that so many percent do not exceed.
    const percentile = (percent: number) => recent[Math.max(0, Math.ceil((recent.length * percent) / 100) - 1)] ?? 0;
    return {
      count: this.#count,
      sumMs: this.#sumMs,
      minMs: this.#count === 0 ? 0 : this.#minMs,
      maxMs: this.#maxMs,
      meanMs: this.#count === 0 ? 0 : this.#sumMs / this.#count,
      p50Ms: percentile(50),
      p95Ms: percentile(95),
      p99Ms: percentile(99),
    };
  }
}
