import type { ContainerStats, StatsResponse } from '../api/gen/holdfast/v1/containers';
import { millisecondsOf } from './text/timestamp';

/** What a container has used since the message before. */
export interface Rates {
  readonly cpuPercent: number;
  readonly readPerSecond: number;
  readonly writePerSecond: number;
  readonly receivePerSecond: number;
  readonly transmitPerSecond: number;
}

/** Makes rates of counters, from one message to the next. */
export class RateMeter {
  #last: { readonly ms: number; readonly byName: ReadonlyMap<string, ContainerStats> } | undefined;

  /** Of each container that was in the message before, too. */
  take({ time, containers }: StatsResponse): ReadonlyMap<string, Rates> {
    const ms = time === undefined ? Date.now() : millisecondsOf(time);
    const last = this.#last;
    this.#last = { ms, byName: new Map(containers.map((one) => [one.name, one])) };
    const rates = new Map<string, Rates>();
    if (last === undefined || ms <= last.ms) return rates;
    const seconds = (ms - last.ms) / 1000;
    for (const now of containers) {
      const before = last.byName.get(now.name);
      // Another run of the name begins with 0.
      if (before === undefined || now.cpu_ns < before.cpu_ns) continue;
      const per = (after: bigint, ago: bigint): number => Math.max(0, Number(after - ago)) / seconds;
      rates.set(now.name, {
        cpuPercent: per(now.cpu_ns, before.cpu_ns) / 1e7,
        readPerSecond: per(now.read_bytes, before.read_bytes),
        writePerSecond: per(now.write_bytes, before.write_bytes),
        receivePerSecond: per(now.receive_bytes, before.receive_bytes),
        transmitPerSecond: per(now.transmit_bytes, before.transmit_bytes),
      });
    }
    return rates;
  }
}
