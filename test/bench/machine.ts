import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

import { version } from '../../package.json';
import type { BenchHost } from './bench-host';

/** What was measured, and on what. */
export interface Machine {
  readonly when: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly cgroups: string;
  readonly node: string;
  readonly runtime: string;
  readonly daemon: string;
  /** Over the last minute, before the run: what else was at work. */
  readonly loadBefore: number;
}

export async function describeMachine(host: BenchHost): Promise<Machine> {
  const { major, minor, patch } = await host.client.version();
  const [cpu] = cpus();
  return {
    when: new Date().toISOString(),
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: release(),
    cgroups: /^cgroup /m.test(readFileSync('/proc/mounts', 'utf8').replace(/^\S+ \S+ (\S+) /gm, '$1 ')) ? 'version 1' : 'version 2',
    node: process.version,
    runtime: await runtimeVersion(host),
    daemon: host.ownsDaemon ? `holdfastd ${version}` : `${host.options.socket ?? ''} (API ${[major, minor, patch].join('.')})`,
    loadBefore: loadavg()[0] ?? 0,
  };
}

/** The first line of what `--version` says. */
async function runtimeVersion(host: BenchHost): Promise<string> {
  const said = await host.textOf(host.options.runtime, ['--version']);
  return said.split('\n')[0] ?? '';
}
