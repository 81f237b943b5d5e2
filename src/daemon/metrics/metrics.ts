import {
  counterNames,
  gaugeNames,
  timerNames,
  type CounterName,
  type GaugeName,
  type TimerName,
} from './names';
import { Timer, type TimerFigures } from './timer';

/** All figures at one moment. */
export interface Snapshot {
  readonly timers: ReadonlyMap<TimerName, TimerFigures>;
  readonly counters: ReadonlyMap<CounterName, number>;
  /** Only those that somebody provides, and that could be read. */
  readonly gauges: ReadonlyMap<GaugeName, number>;
}

export type RecordListener = (timer: TimerName, durationMs: number) => void;

/**
 * The figures of the daemon, in constant memory. Who measures calls `record` and `count`; who knows
 * a present state provides a gauge. They are looked at only when somebody asks for a snapshot.
 */
export class Metrics {
  readonly #timers = new Map<TimerName, Timer>(timerNames.map((name) => [name, new Timer()]));
  readonly #counters = new Map<CounterName, number>(counterNames.map((name) => [name, 0]));
  readonly #gauges = new Map<GaugeName, () => number>();
  readonly #listeners = new Set<RecordListener>();

  record(timer: TimerName, durationMs: number): void {
    this.#timers.get(timer)?.add(durationMs);
    for (const listener of this.#listeners) listener(timer, durationMs);
  }

  /** Hears of each duration from now on. @returns ends that */
  onRecord(listener: RecordListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param by zero or more */
  count(counter: CounterName, by = 1): void {
    this.#counters.set(counter, (this.#counters.get(counter) ?? 0) + by);
  }

  /** @param read is called for each snapshot, and synchronous; it takes the place of an earlier one */
  provide(gauge: GaugeName, read: () => number): void {
    this.#gauges.set(gauge, read);
  }

  snapshot(): Snapshot {
    const gauges = new Map<GaugeName, number>();
    for (const name of gaugeNames) {
      const value = readGauge(this.#gauges.get(name));
      if (value !== undefined) gauges.set(name, value);
    }
    const timers = new Map([...this.#timers].map(([name, timer]) => [name, timer.figures()]));
    return { timers, counters: new Map(this.#counters), gauges };
  }
}

/** A gauge that fails (a shim that has just died) is missing from one snapshot, and harms no other figure. */
function readGauge(read: (() => number) | undefined): number | undefined {
  try {
    const value = read?.();
    return value !== undefined && Number.isFinite(value) ? value : undefined;
  } catch {
    return undefined;
  }
}
