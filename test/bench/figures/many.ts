import { APIService } from '../../../src/api/gen/legacy/api';
import type { BenchHost } from '../bench-host';
import { type Figure, atMost, figureOf, repeat, timed } from '../figure';
import { cpuMsOf, pssOf, supervisors } from '../proc';
import { startRounds } from './start';

/** What the same things cost with more and more containers running. */
export async function manyFigures(host: BenchHost): Promise<Figure[]> {
  const { sizes, quick } = host.options;
  const figures: Figure[] = [];
  const pid = await host.daemonPid();
  await settle();
  const emptyMb = pssOf(supervisors(pid));
  figures.push(figure('memory-0', 'memory (PSS) of daemon and shim, no container', 'MB', [emptyMb]));
  const ids: string[] = [];
  let before = { size: 0, mb: emptyMb };
  for (const size of sizes) {
    ids.push(...(await host.startMany(size - ids.length)));
    await settle();
    const mb = pssOf(supervisors(pid));
    figures.push(figure(`memory-${String(size)}`, `memory (PSS) of daemon and shim, ${String(size)} containers`, 'MB', [mb], size === 100 ? 140 : undefined));
    // The first hundred warm the heap up, which is no container's share.
    if (size > 100) {
      const each = (mb - before.mb) / (size - before.size);
      figures.push(figure(`memory-each-${String(size)}`, `… each further container, ${String(before.size)} to ${String(size)}`, 'MB', [each], 0.1));
    }
    before = { size, mb };
    const state = (): Promise<number> => timed(() => host.ask(APIService.state, { id: '' }));
    await repeat(20, state);
    const states = await repeat(quick ? 30 : 100, state);
    figures.push(figure(`state-${String(size)}`, `State of ${String(size)} containers, with all pids`, 'ms', states, size === 100 ? 10 : undefined));
    figures.push(await oneMore(host, size));
    if (!host.ownsDaemon) continue;
    if (size === 100) figures.push(await idle(host, pid));
  }
  // Last: another daemon has the containers from here on, and all figures of a daemon's memory are taken.
  if (host.ownsDaemon && ids.length > 100) figures.push(await restart(host, ids.length));
  figures.push(await endAll(host, ids));
  return figures;
}

/** Restarts at 100 containers; a stopped daemon leaves its containers to the next one. */
export async function restartFigure(host: BenchHost): Promise<Figure> {
  const ids = await host.startMany(100);
  const figure = await restart(host, 100);
  await host.endMany(ids);
  return figure;
}

/** From the exec of an empty daemon to its first accepted connection. */
export async function emptyStartFigure(host: BenchHost): Promise<Figure> {
  const values = await repeat(host.options.quick ? 5 : 15, async () => {
    await host.stopDaemon();
    return host.startDaemon();
  });
  return figure('daemon-start', 'daemon start, empty, exec to first connection', 'ms', values, 350);
}

async function restart(host: BenchHost, size: number): Promise<Figure> {
  const values = await repeat(host.options.quick ? 3 : 7, async () => {
    await host.stopDaemon(9);
    return timed(async () => {
      await host.startDaemon();
      const { containers } = await host.client.state();
      if (containers.length < size) throw new Error(`${String(containers.length)} of ${String(size)} containers are there after a restart`);
    });
  });
  const what = `restart after SIGKILL with ${String(size)} containers, exec to first State`;
  return figure(`restart-${String(size)}`, what, 'ms', values, size === 100 ? 600 : undefined);
}

/**
 * CPU of daemon and shim while nothing happens. The garbage collector tidies up once or twice in the minutes after the last
 * request, 100 ms in all: the greatest of the windows may show it.
 */
async function idle(host: BenchHost, pid: number): Promise<Figure> {
  const seconds = host.options.quick ? 5 : 15;
  const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
  await wait(host.options.quick ? 5000 : 10_000);
  const pids = supervisors(pid);
  const shares = await repeat(host.options.quick ? 3 : 5, async () => {
    const before = cpuMsOf(pids);
    await wait(seconds * 1000);
    return (cpuMsOf(pids) - before) / (seconds * 10);
  });
  return figure('idle', `CPU with 100 idle containers, of a core, in ${String(seconds)} s`, '%', shares, 0.2);
}

/** A start among so many, of both sides: runtimes, too, have more to look at then. */
async function oneMore(host: BenchHost, size: number): Promise<Figure> {
  const what = `CreateContainer with ${String(size)} running, against create + start`;
  const head = { name: `create-${String(size)}`, what, unit: 'ms', targets: [] };
  return figureOf(head, await startRounds(host, host.options.quick ? 2 : 4, host.options.quick ? 2 : 4));
}

/** The end of all of them at once. */
async function endAll(host: BenchHost, ids: readonly string[]): Promise<Figure> {
  const ms = await timed(() => host.endMany(ids));
  return figure(`end-${String(ids.length)}`, `end of ${String(ids.length)} containers at once, for each`, 'ms', [ms / ids.length]);
}

/** A client that has just gone, and what its requests left on the heap, are no part of the picture. */
function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1000));
}

function figure(name: string, what: string, unit: string, values: readonly number[], limit?: number): Figure {
  return figureOf({ name, what, unit, targets: limit === undefined ? [] : [atMost(limit)] }, [{ ours: values }]);
}
