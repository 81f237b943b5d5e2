import type { BackendName } from '../support/backend';
import { NetworkNamespace } from '../support/network-namespace';
import { until } from '../../support/until';
import { lines, SwarmHost } from './swarm-host';

/** A task of a service as `docker service ps` shows it. */
export interface SwarmTask {
  readonly id: string;
  readonly node: string;
  /** `Running`, `Preparing`, `Shutdown` … */
  readonly state: string;
  readonly isWanted: boolean;
}

/** How long the swarm may take to come to an agreement: heartbeats, an election, starts on a busy machine. */
const agreementMs = 90_000;

/**
 * Three hosts on this machine, a network namespace and a dockerd for each, on a switch in a fourth. The first host is
 * the manager. Nothing of it is outside of these namespaces and the hosts' directories.
 */
export class Swarm {
  private constructor(
    private readonly wires: NetworkNamespace,
    readonly hosts: readonly SwarmHost[],
  ) {}

  static async open(backend: BackendName, say: (line: string) => void = () => undefined): Promise<Swarm> {
    const wires = await NetworkNamespace.open();
    const hosts: SwarmHost[] = [];
    const swarm = new Swarm(wires, hosts);
    try {
      await wires.run('ip', 'link', 'add', 'switch', 'type', 'bridge');
      await wires.run('ip', 'link', 'set', 'switch', 'up');
      for (const number of [1, 2, 3]) {
        const host = await SwarmHost.start(number, backend, wires.pid);
        hosts.push(host);
        await wires.run('ip', 'link', 'set', `port-${String(number)}`, 'master', 'switch', 'up');
        say(`${host.name} (${host.address}): ${backend} with pid ${String(host.backend.pid)}, dockerd with pid ${String(host.dockerd.pid)}`);
      }
      await swarm.#join();
      return swarm;
    } catch (error) {
      await swarm.close().catch(() => undefined);
      throw error;
    }
  }

  get manager(): SwarmHost {
    return this.host(1);
  }

  /** @param number from 1 */
  host(number: number): SwarmHost {
    const host = this.hosts[number - 1];
    if (host === undefined) throw new Error(`no host ${String(number)}`);
    return host;
  }

  /** Starts a service of our busybox, without a network of its own; returns when all its replicas run. */
  async createService(name: string, replicas: number, version: string): Promise<void> {
    const command = ['sh', '-c', 'trap "exit 0" TERM; while :; do sleep 0.2; done'];
    const flags = ['--replicas', String(replicas), '--env', `VERSION=${version}`, '--no-resolve-image', '--detach', '--stop-grace-period', '5s', '--restart-delay', '200ms'];
    await this.manager.docker('service', 'create', '--name', name, ...flags, 'busybox', ...command);
    await this.untilRunning(name, replicas);
  }

  /** All tasks of a service, also those of the past. */
  async tasks(service: string): Promise<SwarmTask[]> {
    const format = '{{.ID}} {{.Node}} {{.DesiredState}} {{.CurrentState}}';
    return lines(await this.manager.docker('service', 'ps', '--no-trunc', '--format', format, service)).map((line) => {
      const [id = '', node = '', wanted = '', state = ''] = line.split(' ');
      return { id, node, state, isWanted: wanted === 'Running' };
    });
  }

  /** Resolves when so many tasks are wanted, and just these run; gives them. */
  async untilRunning(service: string, count: number, isSo: (tasks: readonly SwarmTask[]) => boolean = () => true): Promise<SwarmTask[]> {
    const wanted = async (): Promise<SwarmTask[]> => (await this.tasks(service)).filter((task) => task.isWanted);
    return until(`${String(count)} tasks of ${service}`, wanted, (tasks) => tasks.length === count && tasks.every((task) => task.state === 'Running') && isSo(tasks), agreementMs);
  }

  /** Resolves when the manager sees that host so. */
  async untilNode(host: SwarmHost, status: 'Ready' | 'Down'): Promise<void> {
    const format = '{{.Hostname}} {{.Status}}';
    await until(`${host.name} to be ${status}`, () => this.manager.docker('node', 'ls', '--format', format), (nodes) => nodes.includes(`${host.name} ${status}`), agreementMs);
  }

  /** Takes the host's cable out. */
  async cutOff(number: number): Promise<void> {
    await this.wires.run('ip', 'link', 'set', `port-${String(number)}`, 'down');
  }

  async reconnect(number: number): Promise<void> {
    await this.wires.run('ip', 'link', 'set', `port-${String(number)}`, 'up');
  }

  /** Ends all, and rejects with what was left behind. */
  async close(): Promise<void> {
    // Containers first: a dockerd that stops would have the others start them anew.
    await this.manager.dockerd.run({}, 'service', 'rm', ...lines((await this.manager.dockerd.run({}, 'service', 'ls', '--quiet')).stdout));
    for (const host of this.hosts) await host.dockerd.run({}, 'swarm', 'leave', '--force');
    const outcomes = await Promise.allSettled(this.hosts.map((host) => host.place.cleanUp()));
    await this.wires.close();
    const failed = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
    if (failed.length > 0) throw new Error(failed.join('\n'));
  }

  async #join(): Promise<void> {
    // A heartbeat a second: a host that is cut off is missed after three to five.
    await this.manager.docker('swarm', 'init', '--advertise-addr', this.manager.address, '--dispatcher-heartbeat', '1s');
    const token = (await this.manager.docker('swarm', 'join-token', '--quiet', 'worker')).trim();
    for (const host of this.hosts.slice(1)) {
      await host.docker('swarm', 'join', '--advertise-addr', host.address, '--token', token, `${this.manager.address}:2377`);
      await this.untilNode(host, 'Ready');
    }
  }
}
