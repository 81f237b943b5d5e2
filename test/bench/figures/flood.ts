import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { AddProcessRequest, APIService, UpdateContainerRequest } from '../../../src/api/gen/legacy/api';
import { mkfifo } from '../../../src/sys/files/files';
import { ociSpec } from '../../support/bundle';
import type { BenchHost } from '../bench-host';
import { type Figure, figureOf, interleave, repeat, timed } from '../figure';

const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;

/**
 * AddProcess of `/bin/true` to its exit event while another container's terminal floods, against the same without the flood. Who writes,
 * the kernel's worker, the shim and who reads share the processors with the exec: where there are two, a part of this is that alone.
 */
export async function floodFigure(host: BenchHost): Promise<Figure> {
  const flood = await Flood.start(host);
  const [id = ''] = await host.startMany(1);
  const events = host.events();
  const { args, env, cwd } = ociSpec({ args: ['/bin/true'] }).process;
  const exec = async (): Promise<void> => {
    const pid = host.name('p');
    await host.ask(APIService.addProcess, AddProcessRequest.fromPartial({ id, pid, args: [...args], env, cwd }));
    await events.untilExit(id, pid);
  };
  const execs = (): Promise<number[]> => repeat(host.options.perRound, () => timed(exec));
  const beside = async (): Promise<number[]> => {
    await flood.set('running');
    const taken = await execs();
    await flood.set('paused');
    return taken;
  };
  await exec();
  const rounds = await interleave(host.options.rounds, beside, execs);
  events.close();
  await host.endMany([id, flood.id]);
  await flood.end();
  return figureOf({ name: 'flood', what: 'AddProcess to its exit event beside a terminal that floods, against without', unit: 'ms', targets: [] }, rounds);
}

/** A container whose terminal is written to as fast as somebody reads, paused as long as nobody wants that. */
class Flood {
  private constructor(
    private readonly host: BenchHost,
    readonly id: string,
    /** Ends the reader. */
    readonly end: () => Promise<void>,
  ) {}

  static async start(host: BenchHost): Promise<Flood> {
    const id = host.name('flood');
    const stdout = join(host.directory, id);
    mkfifo(stdout, 0o600);
    const keeperFd = openSync(stdout, O_RDWR | O_NONBLOCK);
    const fds = { stdin: openSync(stdout, O_RDONLY), stdout: openSync('/dev/null', O_WRONLY) };
    const reader = host.reaper.spawn({ file: 'cat', args: [], ...fds });
    for (const fd of Object.values(fds)) closeSync(fd);
    await host.client.create({ id, bundlePath: host.bundle(id, { args: ['cat', '/dev/zero'], terminal: true }), stdout });
    const flood = new Flood(host, id, async () => {
      closeSync(keeperFd);
      await reader.exited;
      rmSync(stdout);
    });
    await flood.set('paused');
    return flood;
  }

  async set(status: 'running' | 'paused'): Promise<void> {
    await this.host.ask(APIService.updateContainer, UpdateContainerRequest.fromPartial({ id: this.id, pid: 'init', status }));
  }
}
