import { Backend } from '../support/backend';
import type { BackendName } from '../support/backend';
import { Dockerd } from '../support/dockerd';
import { importImage } from '../support/image';
import { NetworkNamespace } from '../support/network-namespace';
import { Place } from '../support/place';
import { until } from '../../support/until';

/** A host of the swarm: its network and its name, its containerd, its dockerd. */
export class SwarmHost {
  private constructor(
    readonly name: string,
    readonly address: string,
    readonly network: NetworkNamespace,
    readonly backend: Backend,
    readonly dockerd: Dockerd,
    readonly place: Place,
  ) {}

  /**
   * A host whose daemons run, on a port of the switch (a network namespace with a bridge `switch`).
   *
   * @param number from 1; the host is `host-1`, its address 10.77.0.1, its port `port-1`
   */
  static async start(number: number, backendName: BackendName, switchPid: string): Promise<SwarmHost> {
    const name = `host-${String(number)}`;
    const address = `10.77.0.${String(number)}`;
    const network = await NetworkNamespace.open({ hostname: name });
    await network.run('ip', 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', `port-${String(number)}`, 'netns', switchPid);
    await network.run('ip', 'address', 'add', `${address}/24`, 'dev', 'eth0');
    await network.run('ip', 'link', 'set', 'eth0', 'up');
    const place = new Place();
    const backend = new Backend(backendName, place);
    const dockerd = new Dockerd(place, network, { containerd: backend.socket });
    const host = new SwarmHost(name, address, network, backend, dockerd, place);
    place.atEnd(() => network.close());
    place.atEnd(() => backend.stop());
    place.atEnd(() => dockerd.stop());
    await backend.start();
    await dockerd.start();
    await importImage(dockerd);
    return host;
  }

  /** `docker <args>` on this host; it must succeed. */
  async docker(...args: readonly string[]): Promise<string> {
    const { stdout, stderr, code } = await this.dockerd.run({}, ...args);
    if (code !== 0) throw new Error(`${this.name}: docker ${args.join(' ')}: ${stderr}`);
    return stdout;
  }

  /** The containers that run here, and the pid of each. */
  async running(): Promise<Map<string, string>> {
    const ids = lines(await this.docker('ps', '--quiet', '--no-trunc'));
    if (ids.length === 0) return new Map();
    const { stdout } = await this.dockerd.run({}, 'inspect', '--format', '{{.State.Running}} {{.ID}} {{.State.Pid}}', ...ids);
    return new Map(lines(stdout).flatMap((line) => (line.startsWith('true ') ? [line.split(' ').slice(1, 3) as [string, string]] : [])));
  }

  /** Resolves when that many containers run here. */
  async untilRunning(count: number): Promise<void> {
    await until(`${String(count)} containers on ${this.name}`, async () => (await this.running()).size, (seen) => seen === count, 60_000);
  }
}

/** The lines of a program's output. */
export function lines(output: string): string[] {
  return output.split('\n').filter((line) => line !== '');
}
