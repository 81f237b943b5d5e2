import { AddProcessRequest, APIService, CreateContainerRequest, UpdateContainerRequest } from '../../src/api/gen/legacy/api';
import type { BenchHost } from './bench-host';

/**
 * Uses the daemon (and this program's client) for a while: V8 compiles what runs often, step by step, and a daemon that
 * has just been started takes up to 1.7 times the processor time for a request. A daemon serves for weeks.
 */
export async function warmUp(host: BenchHost, containers: number): Promise<void> {
  const events = host.events();
  for (let done = 0; done < containers; done++) {
    const id = host.name('w');
    await host.ask(APIService.createContainer, CreateContainerRequest.fromPartial({ id, bundlePath: host.bundle(id) }));
    for (const pid of ['one', 'two']) {
      await host.ask(APIService.addProcess, AddProcessRequest.fromPartial({ id, pid, args: ['/bin/true'], cwd: '/', env: ['PATH=/bin'] }));
      await events.untilExit(id, pid);
      for (const status of ['paused', 'running']) {
        await host.ask(APIService.updateContainer, UpdateContainerRequest.fromPartial({ id, pid: 'init', status }));
      }
    }
    await host.ask(APIService.stats, { id });
    await host.ask(APIService.signal, { id, pid: 'init', signal: 9 });
    await events.untilExit(id);
    host.removeBundle(id);
  }
  events.close();
}
