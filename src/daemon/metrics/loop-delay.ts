import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How often the loop is asked; its idle wake-ups are the price. */
const RESOLUTION_MS = 20;

/** How late the event loop was, in seconds, since it was last asked. */
export interface LoopDelayFigures {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** Measures how late the event loop gets to its timers. It wakes the loop fifty times a second until closed. */
export class LoopDelay {
  readonly #histogram = monitorEventLoopDelay({ resolution: RESOLUTION_MS });

  constructor() {
    this.#histogram.enable();
  }

  /** Starts anew with each call: two readers would each see a part. */
  read(): LoopDelayFigures {
    // The histogram holds the whole time between two wake-ups, in nanoseconds, not what is too much of it.
    const late = (ns: number) => Math.max(0, ns / 1e9 - RESOLUTION_MS / 1e3);
    const { max } = this.#histogram;
    const figures = { p50: late(this.#histogram.percentile(50)), p99: late(this.#histogram.percentile(99)), max: late(max) };
    this.#histogram.reset();
    return figures;
  }

  close(): void {
    this.#histogram.disable();
  }
}
