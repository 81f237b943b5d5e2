import { resolve } from 'node:path';
import { exitStatusOf } from '../../../src/sys/process/children';
import type { BenchHost } from '../bench-host';
import { type Figure, type Target, atMost, figureOf, interleave, repeat, timed } from '../figure';

const containers = 100;
const program = resolve('bin/holdfastctl');

/** What a person at the command line waits for, with 100 containers: whole processes, against one of Node's that does nothing. */
export async function ctlFigures(host: BenchHost): Promise<Figure[]> {
  const ids = await host.startMany(containers);
  const of = (name: string, what: string, args: readonly string[], targets: readonly Target[]): Promise<Figure> => figureOfVerb(host, { name, what, args, targets });
  const figures = [
    await of('ctl-version', 'holdfastctl --version', ['--version'], []),
    await of('ctl-status', `holdfastctl status, ${String(containers)} containers`, ['status'], [atMost(120)]),
    await of('ctl-names', `names for a completion, ${String(containers)} containers`, ['__names', '--state', 'running'], [atMost(80)]),
  ];
  await host.endMany(ids);
  return figures;
}

interface VerbFigure {
  readonly name: string;
  readonly what: string;
  readonly args: readonly string[];
  readonly targets: readonly Target[];
}

async function figureOfVerb(host: BenchHost, { name, what, args, targets }: VerbFigure): Promise<Figure> {
  const perRound = host.options.quick ? 5 : 15;
  const ours = (): Promise<number[]> => repeat(perRound, () => timed(() => runToEnd(host, program, ['--address', host.socketPath, ...args])));
  // Where that variable is set Node 20 takes three times as long to begin, and holdfastctl keeps it from Node.
  const bare = (): Promise<number[]> => repeat(perRound, () => timed(() => runToEnd(host, '/usr/bin/env', ['-u', 'NODE_EXTRA_CA_CERTS', process.execPath, '-e', '0'])));
  return figureOf({ name, what: `${what}, against node -e 0`, unit: 'ms', targets }, await interleave(host.options.quick ? 3 : 7, ours, bare));
}

async function runToEnd(host: BenchHost, file: string, args: readonly string[]): Promise<void> {
  const status = exitStatusOf(await host.reaper.spawn({ file, args }).exited);
  if (status !== 0) throw new Error(`${file} ${args.join(' ')} ended with ${String(status)}`);
}
