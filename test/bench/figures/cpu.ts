import { AddProcessRequest, APIService } from '../../../src/api/gen/legacy/api';
import type { BenchHost } from '../bench-host';
import { type Figure, figureOf } from '../figure';
import { cpuMsOf, supervisors } from '../proc';

/** CPU that daemon and shim themselves use for one of each: what is left when nobody else wants the machine. */
export async function cpuFigures(host: BenchHost): Promise<Figure[]> {
  const count = host.options.quick ? 20 : 60;
  const pids = supervisors(await host.daemonPid());
  const costs = { start: 0, exec: 0, exit: 0 };
  const cost = async (what: keyof typeof costs, work: () => Promise<unknown>): Promise<void> => {
    const before = cpuMsOf(pids);
    await work();
    costs[what] += cpuMsOf(pids) - before;
  };
  await host.endMany(await host.startMany(30));
  const events = host.events();
  for (let index = 0; index < count; index++) {
    const id = host.name();
    const bundlePath = host.bundle(id);
    await cost('start', () => host.client.create({ id, bundlePath }));
    await cost('exec', async () => {
      const request = AddProcessRequest.fromPartial({ id, pid: 'true', args: ['/bin/true'], cwd: '/', env: ['PATH=/bin'] });
      await host.ask(APIService.addProcess, request);
      await events.untilExit(id, 'true');
    });
    await cost('exit', async () => {
      await host.ask(APIService.signal, { id, pid: 'init', signal: 9 });
      await events.untilExit(id);
    });
  }
  events.close();
  return (['start', 'exec', 'exit'] as const).map((what) => {
    const head = { name: `cpu-${what}`, what: `CPU of daemon and shim for one ${what}`, unit: 'ms', targets: [] };
    return figureOf(head, [{ ours: [costs[what] / count] }]);
  });
}
