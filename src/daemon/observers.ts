import { readdirSync } from 'node:fs';
import type { Channel } from '../supervisor/channel';
import { allProcesses } from '../supervisor/container';
import type { Context } from '../supervisor/context';
import type { Task } from '../supervisor/task';
import { type Inspector, openInspector } from './inspector';
import type { Logger } from './log';
import { GraphiteSender } from './metrics/graphite';
import { type Closeable, logMetrics } from './metrics/interval-log';
import { provideProcessGauges } from './metrics/memory';
import type { Metrics } from './metrics/metrics';
import { serveMetrics } from './metrics/page';
import type { Settings } from './settings';

const restartsFact = 'daemon-starts';

export interface ObserverOptions {
  readonly settings: Settings;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly context: Context;
  readonly channel: Channel<Task>;
}

/** Everything that looks at the daemon from outside: figures, the inspector, the state dump. */
export class Observers {
  readonly #open: (Closeable | Inspector)[] = [];

  constructor(private readonly options: ObserverOptions) {
    const { metrics, context, channel } = options;
    metrics.provide('containers', () => context.table.size);
    metrics.provide('processes', () => [...context.table.values()].reduce((sum, one) => sum + 1 + one.execs.size, 0));
    metrics.provide('tasks', () => channel.length);
    metrics.provide('starts-waiting', () => context.starts.waiting);
    metrics.provide('starts-running', () => context.starts.busy);
    metrics.provide('event-subscribers', () => context.publisher.subscribers);
    metrics.provide('epoll-fds', () => context.monitor.size);
    provideProcessGauges(metrics, () => context.fleet.pids());
  }

  /** Opens what the settings ask for. @throws DaemonError where an address cannot be used */
  async open(): Promise<void> {
    const { settings, log, metrics, context } = this.options;
    const earlier = Number(context.publisher.log.fact(restartsFact) ?? '0');
    context.publisher.log.setFact(restartsFact, String(earlier + 1));
    metrics.provide('daemon-restarts', () => earlier);
    if (settings.debug) this.#open.push(logMetrics(metrics, log, settings.metricsIntervalMs));
    if (settings.graphiteAddress !== undefined) this.#open.push(new GraphiteSender(metrics, settings.graphiteAddress, log));
    if (settings.metricsAddress !== undefined) this.#open.push(await serveMetrics(metrics, settings.metricsAddress, log));
    if (settings.pprofAddress !== undefined) {
      const inspector = await openInspector(settings.pprofAddress);
      this.#open.push(inspector);
      log.warn({ url: inspector.url }, 'the inspector is open: whoever reaches it can run code in this daemon');
    }
  }

  /** Queues, workers, containers and open descriptors, to the log. */
  dump(): void {
    const { context, channel, log } = this.options;
    log.info(
      {
        tasks: channel.length,
        starts: { waiting: context.starts.waiting, busy: context.starts.busy },
        lanes: context.lanes.size,
        ends: context.ends.size + context.ends.pending,
        eventBacklog: context.publisher.backlog,
        subscribers: context.publisher.subscribers,
        watched: context.monitor.size,
        shims: context.fleet.pids(),
        openDescriptors: readdirSync('/proc/self/fd').length - 1,
        containers: [...context.table.values()].map((container) => ({
          id: container.id,
          state: container.init.state,
          processes: allProcesses(container).map(({ id, state, systemPid }) => ({ id, state, pid: systemPid })),
        })),
      },
      'state dump',
    );
  }

  /** May be called twice. */
  close(): void {
    for (const one of this.#open.splice(0)) one.close();
  }
}
