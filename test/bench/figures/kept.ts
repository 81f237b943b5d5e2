import { setTimeout as delay } from 'node:timers/promises';

import { ContainersService, type Definition, Outcome } from '../../../src/api/gen/holdfast/v1/containers';
import { ContainerdClient } from '../../support/containerd-client';
import type { BenchHost } from '../bench-host';
import { type Figure, type Target, atMost, figureOf } from '../figure';
import { cpuMsOf, withTheirPrograms } from '../proc';

/** CPU milliseconds so far, by pid. */
type Spent = ReadonlyMap<number, number>;

/** Written in one go, of lines of 100 bytes; with the pause after it some 50 MB/s. */
const burstBytes = 5_000_000;
const pauseSeconds = 0.09;
const nominalBytesPerMs = 50_000;
const quietPrograms = 1000;
const secondsLooked = 5;

/** What keeping output costs daemon, shim and copier: in percent of one core. */
export async function keptFigures(host: BenchHost): Promise<Figure[]> {
  const client = new ContainerdClient(host.socketPath);
  try {
    // The first start has the shim and its copier started, too, which is no cost of output.
    await runToEnd(client, host.name('first'), ['sh', '-c', 'yes | head -c 20000000'], 'cri');
    return [
      await busyFigure(host, client, 'raw', [atMost(10)]),
      await busyFigure(host, client, 'cri', [atMost(60)]),
      await quietFigure(host, client),
    ];
  } finally {
    client.close();
  }
}

async function busyFigure(host: BenchHost, client: ContainerdClient, format: 'raw' | 'cri', targets: readonly Target[]): Promise<Figure> {
  const bursts = host.options.quick ? 40 : 100;
  const line = '0'.repeat(99);
  const script = `i=0; while [ $i -lt ${String(bursts)} ]; do yes ${line} | head -c ${String(burstBytes)}; sleep ${String(pauseSeconds)}; i=$((i + 1)); done`;
  const rounds = [];
  for (let round = 0; round < (host.options.quick ? 1 : 3); round += 1) {
    const name = host.name('kept');
    const before = await spentBy(host);
    await runToEnd(client, name, ['sh', '-c', script], format);
    const spentMs = msBetween(before, await spentBy(host));
    rounds.push({ ours: [(spentMs / ((bursts * burstBytes) / nominalBytesPerMs)) * 100] });
  }
  return figureOf({ name: `kept-${format}`, what: `50 MB/s of kept output through one program, ${format}`, unit: '% of a core', targets }, rounds);
}

async function quietFigure(host: BenchHost, client: ContainerdClient): Promise<Figure> {
  const spent = async (): Promise<number> => {
    const before = await spentBy(host);
    await delay(secondsLooked * 1000);
    return msBetween(before, await spentBy(host)) / (secondsLooked * 10);
  };
  const without = await spent();
  const names = Array.from({ length: host.options.quick ? 100 : quietPrograms }, () => host.name('quiet'));
  for (const name of names) await start(client, name, ['sleep', '100000'], 'cri');
  const withThem = await spent();
  for (const name of names) await client.ask(ContainersService.remove, { name, force: true });
  return figureOf({ name: 'kept-quiet', what: `${String(names.length)} programs whose output is kept and that say nothing, against none`, unit: '% of a core', targets: [] }, [{ ours: [withThem], bare: [without] }]);
}

/** By the daemon and all of its own programs. */
async function spentBy(host: BenchHost): Promise<Spent> {
  const pids = withTheirPrograms(await host.daemonPid());
  return new Map(pids.flatMap((pid) => {
    try {
      return [[pid, cpuMsOf([pid])] as const];
    } catch {
      // A hand that had nothing more to do.
      return [];
    }
  }));
}

function msBetween(before: Spent, after: Spent): number {
  return [...after].reduce((sum, [pid, ms]) => sum + ms - (before.get(pid) ?? 0), 0);
}

async function runToEnd(client: ContainerdClient, name: string, args: readonly string[], format: string): Promise<void> {
  await start(client, name, args, format);
  await client.ask(ContainersService.wait, { name, process: '' });
  await client.ask(ContainersService.remove, { name, force: false });
}

async function start(client: ContainerdClient, name: string, args: readonly string[], format: string): Promise<void> {
  const spec = {
    ociVersion: '1.0.2',
    process: { terminal: false, user: { uid: 0, gid: 0 }, args, env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'], cwd: '/' },
    linux: {},
  };
  const definition: Definition = {
    bundle: '', host_program: Buffer.from(JSON.stringify(spec)), container_spec: Buffer.alloc(0), runtime: '', runtime_args: [], no_pivot: false, labels: [],
    stdio: undefined, remove_at_end: false, kept_output: { format, max_size_bytes: 0n, max_files: 0 }, open_stdin: undefined,
  };
  const [progress] = await client.all(ContainersService.start, { names: [name], definition, stdio: undefined, wait_ms: undefined });
  if (progress?.result?.outcome !== Outcome.STARTED) throw new Error(`${name}: ${progress?.result?.detail ?? 'no answer'}`);
}
