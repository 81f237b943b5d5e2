import { AddProcessRequest, APIService, CreateContainerRequest, UpdateContainerRequest } from '../../../src/api/gen/legacy/api';
import type { BenchDaemon } from '../bench-daemon';
import type { BenchHost } from '../bench-host';
import { type Figure, type Round, atMost, figureOf, timed } from '../figure';
import { warmUp } from '../warm-up';

const kinds = { create: 'CreateContainer', exec: 'AddProcess to its exit event', pause: 'pause + resume', exit: 'SIGKILL to exit event' } as const;
type Kind = keyof typeof kinds;
type Taken = Readonly<Record<Kind, number[]>>;

/** Six lives of five requests each. */
const lives = 6;

/** The first thirty requests of a fresh daemon, one for each round, against the same ones of a daemon that has been in use. */
export async function coldFigures(host: BenchHost): Promise<Figure[]> {
  await warmUp(host, host.options.warmUp);
  const rounds: Record<Kind, Round[]> = { create: [], exec: [], pause: [], exit: [] };
  for (let round = 0; round < Math.ceil(host.options.rounds / 2); round++) {
    const { cold, warm } = await taken(host, round);
    for (const kind of Object.keys(rounds) as Kind[]) rounds[kind].push({ ours: cold[kind], bare: warm[kind] });
  }
  return (Object.keys(rounds) as Kind[]).map((kind) => {
    const what = `${kinds[kind]}, of the first ${String(5 * lives)} requests of a fresh daemon, against a warm one's`;
    return figureOf({ name: `cold-${kind}`, what, unit: 'ms', targets: [atMost(1.05, 'ratio')] }, rounds[kind]);
  });
}

/** One round; who goes first alternates. */
async function taken(host: BenchHost, round: number): Promise<{ readonly cold: Taken; readonly warm: Taken }> {
  const fresh = async (): Promise<Taken> => {
    const daemon = host.freshDaemon(`fresh-${String(round)}`);
    await daemon.start();
    const values = await live(host, daemon);
    await daemon.stop();
    return values;
  };
  if (round % 2 === 0) {
    const warm = await live(host, host);
    return { warm, cold: await fresh() };
  }
  return { cold: await fresh(), warm: await live(host, host) };
}

async function live(host: BenchHost, daemon: Pick<BenchDaemon, 'ask' | 'events'>): Promise<Taken> {
  const values: Taken = { create: [], exec: [], pause: [], exit: [] };
  const events = daemon.events();
  for (let life = 0; life < lives; life++) {
    const id = host.name('l');
    const bundlePath = host.bundle(id);
    values.create.push(await timed(() => daemon.ask(APIService.createContainer, CreateContainerRequest.fromPartial({ id, bundlePath }))));
    values.exec.push(await timed(async () => {
      await daemon.ask(APIService.addProcess, AddProcessRequest.fromPartial({ id, pid: 'true', args: ['/bin/true'], cwd: '/', env: ['PATH=/bin'] }));
      await events.untilExit(id, 'true');
    }));
    values.pause.push(await timed(async () => {
      for (const status of ['paused', 'running']) await daemon.ask(APIService.updateContainer, UpdateContainerRequest.fromPartial({ id, pid: 'init', status }));
    }));
    values.exit.push(await timed(async () => {
      await daemon.ask(APIService.signal, { id, pid: 'init', signal: 9 });
      await events.untilExit(id);
    }));
    host.removeBundle(id);
  }
  events.close();
  return values;
}
