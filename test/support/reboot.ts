import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { removeCgroups } from './cgroups';
import { binDirectory } from './daemon-process';
import { type SeenProcess, processOf, processesNaming, signalExactly, waitForExit } from './processes';
import type { DaemonOptions, TestHost } from './test-host';

/** A daemon that finds another boot's id where the kernel has its own: in a mount namespace of its own, a file lies over that. */
export function daemonOfBoots(host: TestHost): Required<Pick<DaemonOptions, 'program'>> {
  const program = host.own('daemon');
  const mount = `mount --bind ${host.own('boot-id')} /proc/sys/kernel/random/boot_id`;
  writeFileSync(program, `#!/bin/sh\nexec unshare --mount --propagation private sh -c '${mount} && exec ${resolve(binDirectory, 'holdfastd')} "$@"' sh "$@"\n`);
  chmodSync(program, 0o755);
  return { program };
}

/** To be called before the first daemon of a boot. */
export function newBoot(host: TestHost): void {
  writeFileSync(host.own('boot-id'), `${randomUUID()}\n`);
}

/** The host goes down, its daemon has gone before: what ran is gone with all that was not on a disk (shim, programs, cgroups, state directory), and another boot begins. @param names of programs */
export async function goDown(host: TestHost, names: readonly string[]): Promise<void> {
  const cgroups = names.flatMap((name) => cgroupsOf(name));
  // What a container runs names nothing of the host's.
  for (const one of [...processesNaming(host.directory), ...processesOf(cgroups)]) {
    signalExactly(one, 'SIGKILL');
    await waitForExit(one.pid);
  }
  removeCgroups(cgroups);
  for (const directory of [host.stateDir, `${host.stateDir}.holdfast`]) rmSync(directory, { recursive: true, force: true });
  newBoot(host);
}

function processesOf(cgroups: readonly string[]): readonly SeenProcess[] {
  const pids = cgroups.flatMap((path) => readFileSync(`${path}/cgroup.procs`, 'utf8').split('\n').filter((line) => line !== '').map(Number));
  return [...new Set(pids)].flatMap((pid) => processOf(pid) ?? []);
}

/** Of the processes of a program, in every hierarchy, the innermost first. */
function cgroupsOf(name: string): readonly string[] {
  // Its status tells of directories that others remove meanwhile.
  const { stdout } = spawnSync('find', ['/sys/fs/cgroup', '-depth', '-type', 'd', '-name', `*${name}*`], { encoding: 'utf8' });
  return stdout.split('\n').filter((path) => path !== '');
}
