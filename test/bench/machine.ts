import { readFileSync } from 'node:fs';
import { cpus, loadavg, release, totalmem } from 'node:os';

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

/** @param daemon what is measured @param runtime as its first line of `--version` says */
export function describeMachine(daemon: string, runtime: string): Machine {
  const [cpu] = cpus();
  return {
    when: new Date().toISOString(),
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1e9),
    kernel: release(),
    cgroups: /^cgroup /m.test(readFileSync('/proc/mounts', 'utf8').replace(/^\S+ \S+ (\S+) /gm, '$1 ')) ? 'version 1' : 'version 2',
    node: process.version,
    runtime,
    daemon,
    loadBefore: loadavg()[0] ?? 0,
  };
}
