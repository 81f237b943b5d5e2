import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { HealthService } from '../../../src/api/gen/health';
import { SnapshotsService } from '../../../src/api/gen/containerd/services/snapshots/v1/snapshots';
import { type MadeImage, busyboxImage } from '../../support/image-archive';
import { type Figure, type Round, atMost, figureOf, interleave, repeat, timed } from '../figure';
import { pssOf } from '../proc';
import { textOf } from '../text-of';
import { type ApiSide, namespace } from './api-side';
import { largeImage } from './large-image';
import type { PeerHost } from './peer-host';
import { Registry } from './registry';

const snapshots = 1000;
const snapshotter = 'overlayfs';
const sampleEveryMs = 100;
const askEveryMs = 5;

/** What a side has come to at most while it was at work, in MB. */
type Peaks = Map<ApiSide, number[]>;

/** `ctr images import` of a large image, what it takes of the memory, and how long a health check waits meanwhile. */
export async function importFigures(host: PeerHost): Promise<Figure[]> {
  const image = largeImage('bench.example/large:1');
  const path = archive(host, image);
  const peaks: Peaks = new Map();
  const asked: number[] = [];
  const rounds = await ofSides(host, (side) => repeat(imagesPerRound(host), async () => {
    const work = () => timed(() => ctr(host, side, 'images', 'import', path));
    const ms = side === host.ours.side ? await whileAsked(side, asked, () => watched(side, peaks, work)) : await watched(side, peaks, work);
    await ctr(host, side, 'images', 'rm', '--sync', image.name);
    return ms;
  }));
  rmSync(path);
  return [
    figureOf({ name: 'import', what: '`ctr images import`, 200 MB in ten layers', unit: 'ms', targets: [atMost(1.1, 'ratio')] }, rounds),
    figureOf({ name: 'import-memory', what: 'memory (PSS) of daemon and helpers meanwhile, at most', unit: 'MB', targets: [atMost(1, 'ratio')] }, peakRounds(host, peaks)),
    figureOf({ name: 'import-health', what: 'health check of ours meanwhile', unit: 'ms', targets: [atMost(50, 'p99')] }, [{ ours: asked }]),
  ];
}

/** A pull of the same from a registry on the loopback, by ctr and by holdfastctl. */
export async function pullFigures(host: PeerHost): Promise<Figure[]> {
  const registry = await Registry.start(host.reaper, host.directory);
  try {
    const image = largeImage(`${registry.at}/large:1`);
    const path = archive(host, image);
    for (const args of [['import', '--no-unpack', path], ['push', '--plain-http', image.name], ['rm', '--sync', image.name]]) await ctr(host, host.theirs.side, 'images', ...args);
    rmSync(path);
    const peaks: Peaks = new Map();
    const byCtr = (side: ApiSide): Promise<number[]> => repeat(imagesPerRound(host), async () => {
      const ms = await watched(side, peaks, () => timed(() => ctr(host, side, 'images', 'pull', '--plain-http', image.name)));
      await ctr(host, side, 'images', 'rm', '--sync', image.name);
      return ms;
    });
    const byOurs = (): Promise<number[]> => repeat(imagesPerRound(host), async () => {
      const ms = await timed(() => holdfastctl(host, 'pull', image.name));
      await holdfastctl(host, 'rmi', image.name);
      return ms;
    });
    const own: number[][] = [];
    const rounds = await interleave(host.options.rounds, async () => {
      const ours = await byCtr(host.ours.side);
      own.push(await byOurs());
      return ours;
    }, () => byCtr(host.theirs.side));
    return [
      figureOf({ name: 'pull', what: '`ctr images pull` of the same from the loopback', unit: 'ms', targets: [atMost(1.1, 'ratio')] }, rounds),
      figureOf({ name: 'pull-memory', what: 'memory (PSS) of daemon and helpers meanwhile, at most', unit: 'MB', targets: [atMost(1, 'ratio')] }, peakRounds(host, peaks)),
      figureOf({ name: 'holdfastctl-pull', what: '`holdfastctl pull` of it, against ctr and containerd', unit: 'ms', targets: [atMost(1.1, 'ratio')] }, own.map((ours, at) => ({ ours, bare: rounds[at]?.bare ?? [] }))),
    ];
  } finally {
    await registry.stop();
  }
}

/** A container of a small image, from nothing to nothing. */
export async function runImageFigure(host: PeerHost): Promise<Figure> {
  const image = busyboxImage('bench.example/busybox:1');
  const path = archive(host, image);
  for (const { side } of [host.ours, host.theirs]) await ctr(host, side, 'images', 'import', path);
  rmSync(path);
  let count = 0;
  const rounds = await ofSides(host, (side) => repeat(host.options.perRound, () => timed(() => ctr(host, side, 'run', '--rm', image.name, `bench-${String(process.pid)}-run-${String(++count)}`, 'true'))));
  for (const { side } of [host.ours, host.theirs]) await ctr(host, side, 'images', 'rm', '--sync', image.name);
  return figureOf({ name: 'run-image', what: '`ctr run --rm IMAGE true`', unit: 'ms', targets: [atMost(0.9, 'ratio')] }, rounds);
}

/** Lists of a thousand snapshots. */
export async function snapshotsFigure(host: PeerHost): Promise<Figure> {
  const sides = [host.ours.side, host.theirs.side];
  const keys = Array.from({ length: snapshots }, (_, at) => `bench-${String(at)}`);
  // Else what is collected meanwhile would be among them.
  const labels = new Map([['containerd.io/gc.root', new Date().toISOString()]]);
  for (const side of sides) for (const key of keys) await side.ask(SnapshotsService.prepare, { snapshotter, key, parent: '', labels });
  const connections = new Map(sides.map((side) => [side, side.connect()]));
  const rounds = await ofSides(host, (side) => repeat(4 * host.options.perRound, () => timed(async () => {
    const found = await connections.get(side)?.all(SnapshotsService.list, { snapshotter, filters: [] });
    const count = found?.reduce((sum, { info }) => sum + info.length, 0) ?? 0;
    if (count !== snapshots) throw new Error(`${side.name} lists ${String(count)} snapshots`);
  })));
  for (const connection of connections.values()) connection.close();
  for (const side of sides) for (const key of keys) await side.ask(SnapshotsService.remove, { snapshotter, key });
  return figureOf({ name: 'snapshots', what: 'Snapshots/List of 1,000', unit: 'ms', targets: [atMost(0.5, 'ratio')] }, rounds);
}

/** One takes seconds. */
function imagesPerRound({ options: { quick } }: PeerHost): number {
  return quick ? 1 : 2;
}

function archive(host: PeerHost, { archive: bytes }: MadeImage): string {
  const path = join(host.directory, 'image.tar');
  writeFileSync(path, bytes);
  return path;
}

function ofSides(host: PeerHost, measure: (side: ApiSide) => Promise<number[]>): Promise<Round[]> {
  return interleave(host.options.rounds, () => measure(host.ours.side), () => measure(host.theirs.side));
}

function ctr(host: PeerHost, side: ApiSide, ...args: readonly string[]): Promise<string> {
  return textOf(host.reaper, host.directory, '/usr/bin/ctr', ['--address', side.socketPath, '--namespace', namespace, ...args]);
}

function holdfastctl({ options, reaper, directory, ours }: PeerHost, ...args: readonly string[]): Promise<string> {
  return textOf(reaper, directory, resolve(dirname(options.daemon), 'holdfastctl'), ['--address', ours.side.socketPath, ...args]);
}

/** Does it, with a look now and then at what the side's processes have. */
async function watched<T>(side: ApiSide, peaks: Peaks, work: () => Promise<T>): Promise<T> {
  let most = 0;
  const look = (): void => {
    try {
      most = Math.max(most, pssOf(side.pids()));
    } catch {
      // One has ended meanwhile: the next look is without it.
    }
  };
  const timer = setInterval(look, sampleEveryMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    peaks.set(side, [...(peaks.get(side) ?? []), most]);
  }
}

function peakRounds(host: PeerHost, peaks: Peaks): Round[] {
  return [{ ours: peaks.get(host.ours.side) ?? [], bare: peaks.get(host.theirs.side) ?? [] }];
}

/** Does it while health checks are asked for, whose times go to `values`. */
async function whileAsked<T>(side: ApiSide, values: number[], work: () => Promise<T>): Promise<T> {
  const connection = side.connect();
  let isOver = false;
  const asking = (async () => {
    while (!isOver) {
      values.push(await timed(() => connection.unary(HealthService.check, { service: '' })));
      await new Promise((resolve) => setTimeout(resolve, askEveryMs));
    }
  })();
  try {
    return await work();
  } finally {
    isOver = true;
    await asking;
    connection.close();
  }
}
