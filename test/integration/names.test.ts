import { execFileSync } from 'node:child_process';
import { readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';

import { binDirectory } from '../support/daemon-process';
import { argumentsOf, processOf } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { TestHost } from '../support/test-host';

/** What `ps` and `pgrep` go by; the kernel keeps 15 bytes of it. */
const nameOf = (pid: number): string => readFileSync(`/proc/${String(pid)}/comm`, 'utf8').trim();
const found = (command: string, ...args: readonly string[]): number[] =>
  execFileSync(command, args, { encoding: 'utf8' }).split('\n').filter((line) => line !== '').map(Number);

describeOnHost('the names of the processes', realContainers, () => {
  let host: TestHost;
  beforeEach(() => {
    host = new TestHost();
  });
  afterEach(() => host.cleanUp());

  /** Starts daemon and shim, as that name, and returns the shim's pid. */
  async function start(name: string, flags: readonly string[] = []): Promise<number> {
    symlinkSync(join(binDirectory, 'holdfastd'), host.own(name));
    await host.startDaemon({ program: host.own(name), flags });
    await host.create('box', { args: ['sleep', '1000'] });
    const shims = found('pgrep', '-f', `serve ${host.stateDir}`);
    expect(shims).toHaveLength(1);
    return shims[0] ?? 0;
  }

  test.each([
    ['holdfastd', [], 'holdfast-shim'],
    ['docker-containerd', ['--shim', 'docker-containerd-shim'], 'docker-containerd-shim'],
    ['docker-containerd', [], 'containerd-shim'],
    ['holdfastd', ['--shim', 'containerd-shim'], 'containerd-shim'],
  ])('%s %p is called so, and its shim %s', async (name, flags, shimName) => {
    const shim = await start(name, flags);
    const daemon = host.daemon.pid;
    expect(argumentsOf(daemon)).toEqual([host.own(name), ...host.flags(), ...flags]);
    expect(argumentsOf(shim)).toEqual([shimName, '--serve', host.stateDir, '--name', expect.any(String)]);
    expect([nameOf(daemon), nameOf(shim)]).toEqual([name.slice(0, 15), shimName.slice(0, 15)]);
    expect(found('pgrep', '-x', name.slice(0, 15))).toContain(daemon);
    expect(found('pgrep', shimName.slice(0, 15))).toContain(shim);
    expect(found('ps', '-o', 'pid=', '-C', name.slice(0, 15))).toContain(daemon);
    expect(found('ps', '-o', 'pid=', '-C', shimName.slice(0, 15))).toContain(shim);
    expect(execFileSync('pidof', [name], { encoding: 'utf8' }).trim().split(' ').map(Number)).toContain(daemon);
    await host.end();
  });

  test('a shim found by its name and killed takes its containers with it, paused ones too, where that is asked for', async () => {
    const shim = await start('docker-containerd', ['--shim', 'containerd-shim', '--on-shim-death=kill']);
    await host.create('paused', { args: ['sleep', '1000'] });
    await host.client.updateContainer({ id: 'paused', status: 'paused' });
    const events = await host.events();
    // As `pkill -9 containerd-shim` does, but among those of this test.
    const mine = found('pgrep', '-x', 'containerd-shim').filter((pid) => processOf(pid)?.commandLine.includes(host.stateDir) === true);
    expect(mine).toEqual([shim]);
    for (const pid of mine) process.kill(pid, 'SIGKILL');
    for (const id of ['box', 'paused']) expect((await events.untilExit(id)).status).toBe(137);
  });
});
