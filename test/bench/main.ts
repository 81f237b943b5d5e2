// The benchmark: `make bench`, or `make bench BENCH_ARGS=--quick`. See docs/performance.md.
import { messageOf } from '../../src/sys/thrown';
import { BenchHost } from './bench-host';
import type { Figure } from './figure';
import { agentFigures } from './figures/agent';
import { coldFigures } from './figures/cold';
import { cpuFigures } from './figures/cpu';
import { ctlFigures } from './figures/ctl';
import { enduranceFigure } from './figures/endurance';
import { eventsFigure } from './figures/events';
import { floodFigure } from './figures/flood';
import { foreignFigure } from './figures/foreign';
import { healthFigure } from './figures/health';
import { emptyStartFigure, manyFigures, restartFigure } from './figures/many';
import { stdoutFigure, terminalFigure } from './figures/output';
import { keptFigures } from './figures/kept';
import { runFigure } from './figures/run';
import { execFigure, exitFigure, pauseFigure, statsFigure } from './figures/running';
import { parallelStartFigure, startFigure } from './figures/start';
import { describeMachine } from './machine';
import { type BenchOptions, readOptions, usage } from './options';
import { peerMeasures, runPeer } from './peer/run';
import { chartOf } from './report/chart';
import { machineLine, tableOf } from './report/table';
import { lineOf, write } from './report/write';
import { versionOf } from './text-of';
import { warmUp } from './warm-up';

interface Measure {
  readonly take: (host: BenchHost) => Promise<Figure | Figure[]>;
  /** Only of a daemon that is started here. */
  readonly needsOurs?: true;
  /** Of a daemon that has been in use for a while; the others each on a fresh one: what one leaves on the heap is no part of the next. */
  readonly onWarm?: true;
  /** Only where it is asked for: by its name, or a flag. */
  readonly onRequest?: true;
}

/** In the order of the run. */
const measures: Readonly<Record<string, Measure>> = {
  'daemon-start': { take: emptyStartFigure, needsOurs: true },
  cold: { take: coldFigures, needsOurs: true, onRequest: true },
  create: { take: startFigure, onWarm: true },
  starts: { take: parallelStartFigure, onWarm: true },
  exec: { take: execFigure, onWarm: true },
  exit: { take: exitFigure, onWarm: true },
  stats: { take: statsFigure, onWarm: true },
  pause: { take: pauseFigure, onWarm: true },
  foreign: { take: foreignFigure },
  flood: { take: floodFigure, onWarm: true },
  cpu: { take: cpuFigures, onWarm: true },
  ctl: { take: ctlFigures },
  health: { take: healthFigure },
  stdout: { take: stdoutFigure },
  terminal: { take: terminalFigure },
  events: { take: eventsFigure, needsOurs: true },
  restart: { take: restartFigure, needsOurs: true },
  run: { take: runFigure, needsOurs: true, onRequest: true },
  agent: { take: agentFigures, needsOurs: true, onRequest: true },
  endurance: { take: enduranceFigure },
  kept: { take: keptFigures, needsOurs: true, onRequest: true },
  many: { take: manyFigures },
};

async function main(options: BenchOptions): Promise<void> {
  const host = new BenchHost(options);
  const figures: Figure[] = [];
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void host.close().finally(() => process.exit(1)));
  try {
    await host.startDaemon();
    const machine = describeMachine(await host.daemonVersion(), await versionOf(host.reaper, host.directory, options.runtime));
    process.stdout.write(`${machineLine(machine)}\n`);
    let isWarm = false;
    for (const [name, { take, needsOurs, onWarm = false, onRequest = false }] of Object.entries(measures)) {
      if (!isWanted(name, onRequest, options)) continue;
      if (needsOurs === true && !host.ownsDaemon) continue;
      if (!onWarm || !isWarm) {
        await host.stopDaemon();
        await host.startDaemon();
        if (onWarm) await warmUp(host, options.warmUp);
        isWarm = onWarm;
      }
      const began = performance.now();
      const taken = [await take(host)].flat();
      figures.push(...taken);
      for (const figure of taken) process.stdout.write(`${lineOf(figure)}  [${((performance.now() - began) / 1000).toFixed(1)} s]\n`);
    }
    write(options, 'bench.json', JSON.stringify({ machine, options, figures }, undefined, 2));
    write(options, 'bench.svg', chartOf(figures, machine));
    const table = `${machineLine(machine)}\n\n${tableOf(figures)}\n`;
    write(options, 'bench.md', table);
    process.stdout.write(`\n${table}`);
  } finally {
    await host.close();
  }
}

function isWanted(name: string, onRequest: boolean, { only, cold }: BenchOptions): boolean {
  if (only.includes(name) || (name === 'cold' && cold)) return true;
  return only.length === 0 && !onRequest;
}

function optionsOf(args: readonly string[]): BenchOptions | undefined {
  try {
    return readOptions(args, { alone: Object.keys(measures), withPeer: Object.keys(peerMeasures) });
  } catch (error) {
    process.stderr.write(`bench: ${messageOf(error)}\n`);
    process.exit(2);
  }
}

const options = optionsOf(process.argv.slice(2));
if (options === undefined) process.stdout.write(usage);
else
  (options.peer === undefined ? main(options) : runPeer(options)).then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`bench: ${error instanceof Error ? String(error.stack) : String(error)}\n`);
      process.exit(1);
    },
  );
