import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { removeCgroups } from '../../support/cgroups';
import { binDirectory } from '../../support/daemon-process';
import { processesNaming, signalExactly, waitForExit } from '../../support/processes';
import type { DaemonOptions } from '../../support/test-host';
import type { AgentSoakHost } from './agent-soak-host';
import { kinds } from './kinds';

/** A daemon that finds another boot's id where the kernel has its own: in a mount namespace of its own, a file lies over that. */
export function daemonOfBoots({ host }: AgentSoakHost): DaemonOptions {
  const program = host.own('daemon');
  const mount = `mount --bind ${host.own('boot-id')} /proc/sys/kernel/random/boot_id`;
  writeFileSync(program, `#!/bin/sh\nexec unshare --mount --propagation private sh -c '${mount} && exec ${resolve(binDirectory, 'holdfastd')} "$@"' sh "$@"\n`);
  chmodSync(program, 0o755);
  return { program };
}

export function newBoot({ host }: AgentSoakHost): void {
  writeFileSync(host.own('boot-id'), `${randomUUID()}\n`);
}

/** What ran is gone with all that was not on a disk: daemon, shim, programs, cgroups, state directory. Then the host is there again. */
export async function reboot(soak: AgentSoakHost): Promise<void> {
  const { host } = soak;
  await soak.crash(async () => {
    for (const one of processesNaming(host.directory)) {
      signalExactly(one, 'SIGKILL');
      await waitForExit(one.pid);
    }
    removeCgroups(kinds.flatMap(({ short }) => cgroupsOf(soak.agent.name(short))));
    for (const directory of [host.stateDir, `${host.stateDir}.holdfast`]) rmSync(directory, { recursive: true, force: true });
    newBoot(soak);
    for (const program of soak.programs) {
      // What was in pipes went with it.
      const last = program.traces.runs().at(-1);
      if (last !== undefined) program.rebooted.add(last.generation);
      // By its definition it is to be up at each start of the host.
      program.wantsUp = true;
    }
  });
  soak.figures.reboots += 1;
}

/** Of the processes of a program, in every hierarchy, the innermost first. */
function cgroupsOf(name: string): readonly string[] {
  const found = execFileSync('find', ['/sys/fs/cgroup', '-depth', '-type', 'd', '-name', `*${name}*`], { encoding: 'utf8' });
  return found.split('\n').filter((path) => path !== '');
}
