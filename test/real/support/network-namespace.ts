import { mkdirSync } from 'node:fs';

import { mustRun, Program } from './program';

/** What is in here alone beside the network. */
export interface OwnNamespaces {
  /** A directory whose files lie over those of /etc; mounts are then seen in here alone. */
  readonly etc?: string;
  readonly hostname?: string;
}

/**
 * A network namespace that lives as long as a process of ours, and takes everything in it along when that ends:
 * links, addresses, iptables rules. It has no name in /run/netns, and dies with the test if that is killed.
 */
export class NetworkNamespace {
  private constructor(
    private readonly holder: Program,
    private readonly namespaces: readonly string[],
  ) {}

  static async open(own: OwnNamespaces = {}): Promise<NetworkNamespace> {
    const { etc, hostname } = own;
    if (etc !== undefined) mkdirSync(`${etc}.work`);
    const script = [
      ...(etc === undefined ? [] : [`mount -t overlay -o lowerdir=/etc,upperdir=${etc},workdir=${etc}.work overlay /etc`]),
      ...(hostname === undefined ? [] : [`hostname ${hostname}`]),
      'ip link set lo up',
      'echo $$',
      'exec setpriv --pdeathsig KILL sleep infinity',
    ].join(' && ');
    const kinds = ['net', ...(etc === undefined ? [] : ['mount']), ...(hostname === undefined ? [] : ['uts'])];
    const holder = new Program('unshare', [...kinds.map((kind) => `--${kind}`), 'sh', '-c', script]);
    await holder.until((said) => said.includes('\n'), 'a network namespace');
    const pid = holder.stdout.trim();
    return new NetworkNamespace(holder, kinds.map((kind) => `--${kind}=/proc/${pid}/ns/${kind === 'mount' ? 'mnt' : kind}`));
  }

  /** The pid by which ip(8) names this namespace. */
  get pid(): string {
    return this.holder.stdout.trim();
  }

  /** Put before a program's own words, it runs in here, and with the same pid. Not `ip netns exec`: that mounts /sys anew and hides the cgroups. */
  get entering(): readonly string[] {
    return ['nsenter', ...this.namespaces, '--'];
  }

  /** Runs a program in here; it must succeed. */
  async run(program: string, ...args: readonly string[]): Promise<string> {
    return mustRun('nsenter', [...this.namespaces, '--', program, ...args]);
  }

  /** What runs in here keeps it until its own end. */
  async close(): Promise<void> {
    this.holder.kill();
    await this.holder.ended;
  }
}
