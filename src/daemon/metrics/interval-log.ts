import type { Logger } from 'pino';
import type { Metrics, Snapshot } from './metrics';
import type { TimerFigures } from './timer';

/** Something that goes on until it is closed, which may happen twice. */
export interface Closeable {
  close(): void;
}

/**
 * Logs all figures in one line of level debug, each interval. Does not keep the process alive.
 *
 * @param intervalMs 0: never
 */
export function logMetrics(metrics: Metrics, logger: Logger, intervalMs: number): Closeable {
  if (intervalMs === 0) return { close: () => undefined };
  const timer = setInterval(() => logger.debug(fieldsOf(metrics.snapshot()), 'metrics'), intervalMs);
  timer.unref();
  return { close: () => clearInterval(timer) };
}

/** @returns the snapshot as fields of a log line; timers in milliseconds, those that ran only */
export function fieldsOf({ timers, counters, gauges }: Snapshot): Readonly<Record<string, unknown>> {
  const ran = [...timers].filter(([, figures]) => figures.count > 0);
  return {
    timers: Object.fromEntries(ran.map(([name, figures]) => [name, timerFields(figures)])),
    counters: Object.fromEntries(counters),
    gauges: Object.fromEntries(gauges),
  };
}

function timerFields(figures: TimerFigures): Readonly<Record<string, number>> {
  const { count, minMs, maxMs, meanMs, p50Ms, p95Ms, p99Ms } = figures;
  const rounded = Object.entries({ minMs, maxMs, meanMs, p50Ms, p95Ms, p99Ms }).map(
    ([name, ms]) => [name, Math.round(ms * 1e3) / 1e3] as const,
  );
  return { count, ...Object.fromEntries(rounded) };
}
