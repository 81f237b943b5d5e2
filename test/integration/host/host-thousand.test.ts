import { existsSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';

import { cgroupDirectories, cgroupMounts } from '../../support/cgroups';
import { HostPrograms } from '../../support/host-programs';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';

const starts = 1000;
const atOnce = 10;

describeOnHost('a thousand starts of host programs', realContainers, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await TestHost.withDaemon();
  });
  afterEach(() => host.cleanUp());

  test('leave the mounts, cgroups and namespaces of the host as they were', async () => {
    const programs = new HostPrograms(host);
    const passedDown = passedDownUnasked();
    // What the daemon makes once for all.
    await programs.outcome('first', { args: ['true'] });
    const before = hostNow(host);
    let next = 0;
    const worker = async (): Promise<void> => {
      while (next < starts) {
        next += 1;
        // Each tenth in a pid namespace, and so with mounts of its own.
        const id = `program-${next}`;
        await programs.run(id, { args: ['true'], pidNamespace: next % 10 === 0 });
        const { exit_status: status } = await programs.wait(id);
        if (status !== 0) throw new Error(`${id} ended with ${status}`);
        await programs.delete(id);
      }
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    expect(hostNow(host)).toEqual(before);
    expect(passedDownUnasked()).toEqual(passedDown);
  });
});

/** Controllers of cgroup version 2 that the root passes down to all, but for those that limits of ours need. */
function passedDownUnasked(): string[] {
  const needed = ['cpu', 'cpuset', 'io', 'memory', 'pids', ''];
  return cgroupMounts()
    .map((mount) => join(mount, 'cgroup.subtree_control'))
    .filter((file) => existsSync(file))
    .flatMap((file) => readFileSync(file, 'utf8').trim().split(' '))
    .filter((name) => !needed.includes(name));
}

/** What such a start could change: what is mounted at or over the system's own places, our namespaces, and cgroups below these names. */
function hostNow({ directory, cgroup }: TestHost): object {
  return {
    mounts: readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => / (\/|\/(proc|sys|dev)\S*) /.test(line) || line.includes(directory)),
    namespaces: readdirSync('/proc/self/ns').map((name) => readlinkSync(`/proc/self/ns/${name}`)),
    cgroups: cgroupDirectories(cgroup).below,
  };
}
