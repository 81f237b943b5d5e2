import { APIService, CreateContainerRequest } from '../../../src/api/gen/legacy/api';
import type { BenchHost } from '../bench-host';
import { type Figure, type Round, atLeast, atMost, figureOf, interleave, repeat, timed } from '../figure';

/** CreateContainer, one after another, against the runtime's create and start. */
export async function startFigure(host: BenchHost): Promise<Figure> {
  const { rounds, perRound } = host.options;
  const head = {
    name: 'create',
    what: 'CreateContainer answered, one after another, against create + start',
    unit: 'ms',
    targets: [atMost(1.15, 'ratio')],
  };
  return figureOf(head, await startRounds(host, rounds, perRound));
}

/** Rounds of starts one after another, of both sides; all that they start is ended again. */
export async function startRounds(host: BenchHost, rounds: number, perRound: number): Promise<Round[]> {
  const ours = async (): Promise<number[]> => {
    const ids: string[] = [];
    const values = await repeat(perRound, () => {
      const id = host.name();
      const bundlePath = host.bundle(id);
      ids.push(id);
      return timed(() => create(host, id, bundlePath));
    });
    await host.endMany(ids);
    return values;
  };
  const bare = (): Promise<number[]> => repeat(perRound, () => bareStart(host));
  await ours();
  return interleave(rounds, ours, bare);
}

/** Starts per second of ten clients, against ten loops of create and start. */
export async function parallelStartFigure(host: BenchHost): Promise<Figure> {
  const { quick } = host.options;
  const each = quick ? 3 : 6;
  const head = {
    name: 'starts',
    what: 'starts per second, 10 clients, against ten create + start loops in parallel',
    unit: '/s',
    targets: [atLeast(0.9, 'ratio')],
  };
  const ours = async (): Promise<number[]> => {
    const bundles = bundlesFor(host, 10 * each);
    const ms = await timed(() => inTen(bundles, ([id, bundlePath]) => create(host, id, bundlePath)));
    await host.endMany(bundles.map(([id]) => id));
    return [(10 * each * 1000) / ms];
  };
  const bare = async (): Promise<number[]> => {
    const bundles = bundlesFor(host, 10 * each);
    const made: Awaited<ReturnType<typeof host.bare.create>>[] = [];
    const ms = await timed(() =>
      inTen(bundles, async ([id, bundle]) => {
        made.push(await host.bare.create(id, bundle));
        await host.bare.start(id);
      }),
    );
    for (const container of made) await host.bare.remove(container);
    return [(10 * each * 1000) / ms];
  };
  return figureOf(head, await interleave(quick ? 3 : 8, ours, bare));
}

function create(host: BenchHost, id: string, bundlePath: string): Promise<unknown> {
  return host.ask(APIService.createContainer, CreateContainerRequest.fromPartial({ id, bundlePath }));
}

/** Create + start of the bare runtime, which is removed again. @returns milliseconds */
export async function bareStart(host: BenchHost): Promise<number> {
  const id = host.name();
  const bundle = host.bundle(id);
  const began = performance.now();
  const container = await host.bare.create(id, bundle);
  await host.bare.start(id);
  const ms = performance.now() - began;
  await host.bare.remove(container);
  return ms;
}

function bundlesFor(host: BenchHost, count: number): [string, string][] {
  return Array.from({ length: count }, () => {
    const id = host.name();
    return [id, host.bundle(id)];
  });
}

async function inTen(bundles: readonly [string, string][], work: (bundle: [string, string]) => Promise<unknown>): Promise<void> {
  const rest = [...bundles];
  const worker = async (): Promise<void> => {
    for (let bundle = rest.pop(); bundle !== undefined; bundle = rest.pop()) await work(bundle);
  };
  await Promise.all(Array.from({ length: 10 }, worker));
}
