import { lookup } from 'node:dns';
import { connect, type LookupFunction, type Socket } from 'node:net';
import type { Logger } from 'pino';
import type { HostPort } from '../setting-values';
import type { Closeable } from './interval-log';
import type { Metrics, Snapshot } from './metrics';

/** The original's interval and prefix. */
export const GRAPHITE_INTERVAL_MS = 10_000;
const PREFIX = 'metrics';

/**
 * Sends all figures to a Graphite server, each interval, in its plain-text protocol
 * (https://graphite.readthedocs.io/en/latest/feeding-carbon.html). Each time over a connection of its
 * own: so there is nothing to reconnect, a server that comes back gets the next figures, and at most
 * one connection and one page of text exist at a time. A server that has not taken them by the next
 * time is given up for this time. The log hears of the first failure and of the recovery.
 *
 * Does not keep the process alive. `close()` gives up what is under way.
 */
export class GraphiteSender implements Closeable {
  readonly #timer: NodeJS.Timeout;
  #connection: Socket | undefined;
  #resolving = false;
  #failing = false;

  constructor(
    private readonly metrics: Metrics,
    private readonly server: HostPort,
    private readonly logger: Logger,
    intervalMs = GRAPHITE_INTERVAL_MS,
  ) {
    this.#timer = setInterval(() => this.#send(), intervalMs);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  #send(): void {
    if (this.#connection?.writableFinished === false) this.#failed('it did not take the figures in time');
    this.#connection?.destroy();
    // A look-up cannot be given up, and holds one of libuv's four threads: never more than one of them.
    if (this.#resolving) return;
    const connection = connect({ ...this.server, lookup: this.#lookup });
    this.#connection = connection;
    connection.unref();
    connection.on('error', (error) => this.#failed(error.message));
    connection.on('finish', () => this.#succeeded());
    // Closed with something unread, the kernel would send a reset that overtakes the figures.
    connection.resume();
    connection.on('close', () => {
      if (this.#connection === connection) this.#connection = undefined;
    });
    connection.end(graphiteText(this.metrics.snapshot(), Date.now() / 1_000));
  }

  readonly #lookup: LookupFunction = (host, options, callback) => {
    this.#resolving = true;
    lookup(host, options, (error, address, family) => {
      this.#resolving = false;
      callback(error, address, family);
    });
  };

  #failed(reason: string): void {
    if (this.#failing) return;
    this.#failing = true;
    this.logger.warn({ ...this.server, reason }, 'the Graphite server cannot be reached');
  }

  #succeeded(): void {
    if (!this.#failing) return;
    this.#failing = false;
    this.logger.info({ ...this.server }, 'the Graphite server is reached again');
  }
}

/**
 * @param now seconds since 1970
 * @returns a line for each figure: path, value, time; timers in nanoseconds, as the original sends them
 */
export function graphiteText({ timers, counters, gauges }: Snapshot, now: number): string {
  const lines: string[] = [];
  const add = (path: string, value: number) => lines.push(`${PREFIX}.${path} ${value} ${Math.floor(now)}\n`);
  for (const [name, figures] of timers) {
    add(`${name}.count`, figures.count);
    const { minMs, maxMs, meanMs, p50Ms, p95Ms, p99Ms } = figures;
    add(`${name}.min`, nanoseconds(minMs));
    add(`${name}.max`, nanoseconds(maxMs));
    add(`${name}.mean`, nanoseconds(meanMs));
    add(`${name}.50-percentile`, nanoseconds(p50Ms));
    add(`${name}.95-percentile`, nanoseconds(p95Ms));
    add(`${name}.99-percentile`, nanoseconds(p99Ms));
  }
  for (const [name, value] of counters) add(`${name}.count`, value);
  for (const [name, value] of gauges) add(`${name}.value`, value);
  return lines.join('');
}

function nanoseconds(ms: number): number {
  return Math.round(ms * 1e6);
}
