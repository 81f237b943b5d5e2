import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { ContainersService, type Definition, Outcome } from '../../../src/api/gen/holdfast/v1/containers';
import { ContainerdClient } from '../../support/containerd-client';
import type { BenchDaemon } from '../bench-daemon';
import type { BenchHost } from '../bench-host';
import { type Figure, type Target, atMost, figureOf } from '../figure';
import { placeOnDisk } from '../place';
import { cpuMsOf, withTheirPrograms } from '../proc';

/** CPU milliseconds so far, by pid. */
type Spent = ReadonlyMap<number, number>;

/** Written in one go, of lines of 100 bytes; with the pause after it some 50 MB/s. */
const burstBytes = 5_000_000;
const pauseSeconds = 0.09;
const nominalBytesPerMs = 50_000;
const quietPrograms = 1000;
const secondsLooked = 5;

/** What keeping output costs daemon, shim and copier: in percent of one core. On a disk, as it is by default, and in memory. */
export async function keptFigures(host: BenchHost): Promise<Figure[]> {
  const disk = placeOnDisk();
  return [
    ...(disk === undefined ? [] : await onDisk(host, disk)),
    ...(await withDaemon(host, ['--root', join(host.directory, 'kept-root')], async (keeper) => [
      await busyFigure(keeper, { format: 'raw', where: 'in memory', targets: disk === undefined ? [atMost(10)] : [] }),
      await busyFigure(keeper, { format: 'cri', where: 'in memory', targets: disk === undefined ? [atMost(60)] : [] }),
      await quietFigure(keeper),
    ])),
  ];
}

async function onDisk(host: BenchHost, disk: string): Promise<Figure[]> {
  const root = mkdtempSync(join(disk, 'holdfast-bench-'));
  try {
    return await withDaemon(host, ['--root', root], async (keeper) => [
      await busyFigure(keeper, { format: 'raw', where: 'on a disk', targets: [atMost(10)] }),
      await busyFigure(keeper, { format: 'cri', where: 'on a disk', targets: [atMost(60)] }),
    ]);
  } finally {
    rmSync(root, { recursive: true });
  }
}

/** A daemon of its own, and who asks it. */
interface Keeper {
  readonly host: BenchHost;
  readonly daemon: BenchDaemon;
  readonly client: ContainerdClient;
}

async function withDaemon(host: BenchHost, flags: readonly string[], measure: (keeper: Keeper) => Promise<Figure[]>): Promise<Figure[]> {
  const daemon = host.freshDaemon(host.name('keeper'), flags);
  await daemon.start();
  const client = new ContainerdClient(daemon.socketPath);
  try {
    // The first start has the shim and its copier started, too, which is no cost of output; nor is it that these compile what they do much of.
    for (const format of ['raw', 'cri'] as const) await runToEnd(client, host.name('first'), writing(20), format);
    return await measure({ host, daemon, client });
  } finally {
    client.close();
    await daemon.stop();
  }
}

/** A program that writes so often. */
function writing(bursts: number): readonly string[] {
  return ['sh', '-c', `i=0; while [ $i -lt ${String(bursts)} ]; do yes ${'0'.repeat(99)} | head -c ${String(burstBytes)}; sleep ${String(pauseSeconds)}; i=$((i + 1)); done`];
}

interface Busy {
  readonly format: 'raw' | 'cri';
  readonly where: 'on a disk' | 'in memory';
  readonly targets: readonly Target[];
}

async function busyFigure({ host, daemon, client }: Keeper, { format, where, targets }: Busy): Promise<Figure> {
  const bursts = host.options.quick ? 40 : 100;
  const rounds = [];
  for (let round = 0; round < (host.options.quick ? 1 : 3); round += 1) {
    const name = host.name('kept');
    const before = spentBy(daemon);
    await runToEnd(client, name, writing(bursts), format);
    const spentMs = msBetween(before, spentBy(daemon));
    rounds.push({ ours: [(spentMs / ((bursts * burstBytes) / nominalBytesPerMs)) * 100] });
  }
  return figureOf({ name: `kept-${format}${where === 'on a disk' ? '' : '-memory'}`, what: `50 MB/s of kept output through one program, ${format}, ${where}`, unit: '% of a core', targets }, rounds);
}

async function quietFigure({ host, daemon, client }: Keeper): Promise<Figure> {
  const spent = async (): Promise<number> => {
    const before = spentBy(daemon);
    await delay(secondsLooked * 1000);
    return msBetween(before, spentBy(daemon)) / (secondsLooked * 10);
  };
  const without = await spent();
  const names = Array.from({ length: host.options.quick ? 100 : quietPrograms }, () => host.name('quiet'));
  for (const name of names) await start(client, name, ['sleep', '100000'], 'cri');
  const withThem = await spent();
  for (const name of names) await client.ask(ContainersService.remove, { name, force: true });
  return figureOf({ name: 'kept-quiet', what: `${String(names.length)} programs whose output is kept and that say nothing, against none`, unit: '% of a core', targets: [] }, [{ ours: [withThem], bare: [without] }]);
}

/** By the daemon and all of its own programs. */
function spentBy({ pid: daemonPid }: BenchDaemon): Spent {
  if (daemonPid === undefined) throw new Error('the daemon has ended');
  const pids = withTheirPrograms(daemonPid);
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
