import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { AddProcessRequest, APIService, UpdateContainerRequest } from '../../../src/api/gen/legacy/api';
import type { BenchHost } from '../bench-host';
import { type Figure, atMost, figureOf, interleave, repeat, timed } from '../figure';
import { ociSpec } from '../../support/bundle';

/** AddProcess of `/bin/true` to its exit event, against the runtime's exec to the end of the process. */
export async function execFigure(host: BenchHost): Promise<Figure> {
  const head = {
    name: 'exec',
    what: 'AddProcess to its exit event, /bin/true, against exec to the end of the process',
    unit: 'ms',
    targets: [atMost(1.15, 'ratio')],
  };
  return onBoth(host, async (ours, bare) => {
    const events = host.events();
    const { process } = ociSpec({ args: ['/bin/true'] });
    const processFile = join(host.directory, 'true.json');
    writeFileSync(processFile, JSON.stringify(process));
    const { args, env, cwd } = process;
    const capabilities = [...process.capabilities.bounding];
    const exec = async (): Promise<void> => {
      const pid = host.name('p');
      const request = { id: ours, pid, args: [...args], env, cwd, capabilities, noNewPrivileges: true };
      await host.ask(APIService.addProcess, AddProcessRequest.fromPartial(request));
      await events.untilExit(ours, pid);
    };
    await exec();
    const rounds = await interleave(
      host.options.rounds,
      () => repeat(host.options.perRound, () => timed(exec)),
      () => repeat(host.options.perRound, () => timed(() => host.bare.exec(bare, processFile))),
    );
    events.close();
    return figureOf(head, rounds);
  });
}

/** pause and resume, against the runtime's. */
export async function pauseFigure(host: BenchHost): Promise<Figure> {
  const head = { name: 'pause', what: 'pause + resume, against pause + resume', unit: 'ms', targets: [atMost(0.1, 'ratio')] };
  return onBoth(host, async (ours, bare) => {
    const pause = async (): Promise<void> => {
      await host.ask(APIService.updateContainer, UpdateContainerRequest.fromPartial({ id: ours, pid: 'init', status: 'paused' }));
      await host.ask(APIService.updateContainer, UpdateContainerRequest.fromPartial({ id: ours, pid: 'init', status: 'running' }));
    };
    const barePause = async (): Promise<void> => {
      await host.bare.call(['pause', bare]);
      await host.bare.call(['resume', bare]);
    };
    const { rounds, perRound } = host.options;
    return figureOf(head, await interleave(rounds, () => repeat(perRound, () => timed(pause)), () => repeat(perRound, () => timed(barePause))));
  });
}

/** Stats, against the runtime's `events --stats`. */
export async function statsFigure(host: BenchHost): Promise<Figure> {
  const head = {
    name: 'stats',
    what: 'Stats, against events --stats',
    unit: 'ms',
    targets: [atMost(0.15, 'ratio'), atMost(1)],
  };
  return onBoth(host, async (ours, bare) => {
    const { rounds, perRound } = host.options;
    const stats = (): Promise<number> => timed(() => host.ask(APIService.stats, { id: ours }));
    const bareStats = (): Promise<void> => host.bare.call(['events', '--stats', bare]);
    await repeat(50, stats);
    // crun has no such command.
    const comparable = await bareStats().then(() => true, () => false);
    if (!comparable) return figureOf({ ...head, targets: [atMost(1)] }, [{ ours: await repeat(20 * rounds, stats) }]);
    return figureOf(head, await interleave(rounds, () => repeat(20, stats), () => repeat(perRound, () => timed(bareStats))));
  });
}

/** SIGKILL to the exit event, against the runtime's delete of a container that is over. */
export async function exitFigure(host: BenchHost): Promise<Figure> {
  const head = { name: 'exit', what: 'SIGKILL to exit event, against delete', unit: 'ms', targets: [atMost(1.5, 'ratio')] };
  const { rounds, perRound } = host.options;
  const events = host.events();
  const ours = async (): Promise<number[]> => {
    const ids = await host.startMany(perRound);
    return repeat(perRound, async (index) => {
      const id = ids[index] ?? '';
      return timed(async () => {
        await host.ask(APIService.signal, { id, pid: 'init', signal: 9 });
        await events.untilExit(id);
      });
    });
  };
  const bare = (): Promise<number[]> =>
    repeat(perRound, async () => {
      const container = await bareContainer(host);
      await host.bare.kill(container);
      return timed(() => host.bare.delete(container.id));
    });
  const taken = await interleave(rounds, ours, bare);
  events.close();
  return figureOf(head, taken);
}

async function bareContainer(host: BenchHost) {
  const id = host.name();
  const container = await host.bare.create(id, host.bundle(id));
  await host.bare.start(id);
  return container;
}

/** Gives a running container of each side, and ends both. */
async function onBoth(host: BenchHost, measure: (ours: string, bare: string) => Promise<Figure>): Promise<Figure> {
  const [ours = ''] = await host.startMany(1);
  const bare = await bareContainer(host);
  const figure = await measure(ours, bare.id);
  await host.endMany([ours]);
  await host.bare.remove(bare);
  return figure;
}
