import { ContainersService, Definition, Outcome } from '../../../src/api/gen/holdfast/v1/containers';
import type { BenchHost } from '../bench-host';
import { type Figure, atMost, figureOf, repeat, timed } from '../figure';

/** What `run -d --host` asks of the daemon, from the request to the answer that it runs: a name, its definition and its output are new each time. */
export async function runFigure(host: BenchHost): Promise<Figure> {
  const { rounds, perRound, warmUp } = host.options;
  const daemon = host.freshDaemon(host.name('run'), []);
  await daemon.start();
  const spec = {
    ociVersion: '1.0.2',
    process: { args: ['/bin/sleep', '100000'], cwd: '/', env: ['PATH=/usr/bin:/bin'], user: { uid: 0, gid: 0 } },
    linux: { resources: { memory: { limit: 64 << 20 } } },
  };
  const definition = { ...Definition.create(), host_program: Buffer.from(JSON.stringify(spec)) };
  const run = async (): Promise<number> => {
    const names = [host.name('run')];
    const ms = await timed(async () => {
      const result = (await daemon.all(ContainersService.start, { names, definition, stdio: undefined })).at(-1)?.result;
      if (result?.outcome !== Outcome.STARTED) throw new Error(`not started: ${JSON.stringify(result)}`);
    });
    await daemon.ask(ContainersService.remove, { name: names[0] ?? '', force: true });
    return ms;
  };
  try {
    await repeat(warmUp, run);
    return figureOf({ name: 'run', what: 'a new host program with a limit, from the request to running', unit: 'ms', targets: [atMost(6)] }, [{ ours: await repeat(rounds * perRound, run) }]);
  } finally {
    await daemon.stop();
  }
}
