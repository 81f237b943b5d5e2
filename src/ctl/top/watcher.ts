import { freemem, loadavg, totalmem, uptime } from 'node:os';
import type { ContainerStats, StatsResponse } from '../../api/gen/holdfast/v1/containers';
import { RateMeter } from '../rates';
import { type Machine, type Row, graphBars } from './frame';

/** Makes rows of the daemon's answers, one after the other. */
export class Watcher {
  readonly #meter = new RateMeter();
  readonly #cpu = new Map<string, readonly number[]>();

  take(message: StatsResponse): readonly Row[] {
    const rates = this.#meter.take(message);
    const stats = new Map(message.containers.map((one): [string, ContainerStats] => [one.name, one]));
    for (const name of this.#cpu.keys()) if (!stats.has(name)) this.#cpu.delete(name);
    return message.list.map((container): Row => {
      const own = rates.get(container.name);
      const before = this.#cpu.get(container.name) ?? [];
      const cpu = own === undefined ? before : [...before, own.cpuPercent].slice(-graphBars);
      if (stats.has(container.name)) this.#cpu.set(container.name, cpu);
      return { container, stats: stats.get(container.name), rates: own, cpu };
    });
  }
}

export function machineNow(): Machine {
  return { upSeconds: uptime(), load: loadavg()[0] ?? 0, memoryUsedBytes: totalmem() - freemem(), memoryTotalBytes: totalmem() };
}
