import type { Metrics } from './metrics';
import { LoopDelay } from './loop-delay';
import { COUNTERS, GAUGES, TIMERS, counterNames, gaugeNames, timerNames } from './names';

/** The figures in the text format of Prometheus. */
export interface Exposition {
  readonly contentType: string;
  text(): Promise<string>;
  close(): void;
}

/** From a cgroup file that is read in half a millisecond to a start that waits its thirty seconds. */
const BUCKETS_SECONDS = [
  0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
];

/**
 * Shows the figures to Prometheus, with the delay of the event loop. Durations count from this call
 * on. prom-client is loaded here only: that takes 50 ms, which other starts of the daemon are spared.
 */
export async function exposeMetrics(metrics: Metrics): Promise<Exposition> {
  const { Counter, Gauge, Histogram, Registry } = await import('prom-client');
  // Not the library's global one: two of these must not meet.
  const registry = new Registry();
  const registers = [registry];
  const describe = ({ prometheus: name, help }: { prometheus: string; help: string }) => ({ name, help, registers });

  const histograms = new Map(
    timerNames.map((name) => [name, new Histogram({ ...describe(TIMERS[name]), buckets: BUCKETS_SECONDS })]),
  );
  const counters = new Map(counterNames.map((name) => [name, new Counter(describe(COUNTERS[name]))]));
  const gauges = new Map(gaugeNames.map((name) => [name, new Gauge(describe(GAUGES[name]))]));
  const delayGauge = new Gauge({
    name: 'holdfast_event_loop_delay_seconds',
    help: 'How late the event loop was, since the last reading of this page',
    labelNames: ['quantile'],
    registers,
  });
  const loopDelay = new LoopDelay();
  const stopListening = metrics.onRecord((timer, durationMs) => histograms.get(timer)?.observe(durationMs / 1e3));

  const refresh = () => {
    const snapshot = metrics.snapshot();
    for (const [name, counter] of counters) {
      counter.reset();
      counter.inc(snapshot.counters.get(name) ?? 0);
    }
    for (const [name, gauge] of gauges) {
      const value = snapshot.gauges.get(name);
      // Missing, not zero: nobody knows it now.
      if (value === undefined) gauge.remove();
      else gauge.set(value);
    }
    const { p50, p99, max } = loopDelay.read();
    delayGauge.set({ quantile: '0.5' }, p50);
    delayGauge.set({ quantile: '0.99' }, p99);
    delayGauge.set({ quantile: '1' }, max);
  };

  return {
    contentType: registry.contentType,
    text: () => {
      refresh();
      return registry.metrics();
    },
    close: () => {
      stopListening();
      loopDelay.close();
    },
  };
}
