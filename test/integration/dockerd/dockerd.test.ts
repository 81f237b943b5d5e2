import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { Backend } from '../../legacy-client/backend';
import { LegacyClient } from '../../legacy-client/client';
import { CallError } from '../../legacy-client/wire';
import { ociSpec } from '../../support/bundle';
import type { BundleOptions } from '../../support/bundle';
import { binDirectory } from '../../support/daemon-process';
import { waitForExit } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { untilAccepting } from '../../support/socket';
import { TestHost } from '../../support/test-host';

const path = 'PATH=/bin';

describeOnHost('a client like an old dockerd', realContainers, () => {
  let host: TestHost;
  let backend: Backend;
  let client: LegacyClient;
  beforeEach(async () => {
    host = new TestHost('dockerd');
    backend = new Backend({
      root: host.clientRoot,
      program: join(binDirectory, 'docker-containerd'),
      runtimeArgs: ['--root', host.runtimeRoot],
    });
    client = newClient();
    await client.start();
  });
  afterEach(async () => {
    client.close();
    await backend.stop();
    await host.cleanUp();
  });

  const newClient = () =>
    new LegacyClient({ root: host.clientRoot, socketPath: backend.socketPath, runtimeArgs: ['--root', host.runtimeRoot], backend });
  const spec = (id: string, options: BundleOptions) => ociSpec({ cgroupsPath: `${host.cgroup}/${id}`, ...options });
  const script = (text: string) => ({ args: ['sh', '-c', text] });

  /** Everything of a client but the daemon goes away and comes back. */
  async function restartClient(): Promise<void> {
    client.close();
    client = newClient();
    await client.checkHealth();
  }

  test('runs a container whose bundle it deletes at the exit', async () => {
    const { init } = await client.run('c1', spec('c1', script('cat; echo done; exit 3')));
    expect(await init.exited).toBe(3);
    expect(existsSync(init.bundle)).toBe(false);
    expect(await init.stdout.untilEnd()).toBe('done\n');
    await client.closeStdin('c1');
  });

  test('sees a failed command in the words that it looks for, spaces and all', async () => {
    const error = await client.run('c1', spec('c1', { args: ['nope'] })).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(CallError);
    expect(error).toMatchObject({ code: 2 });
    expect((error as CallError).details).toMatch(/^oci runtime error: .*nope.*executable file not found/);
    expect((error as CallError).details).not.toContain('%20');
  });

  test('execs, with a terminal and without', async () => {
    await client.run('c1', spec('c1', { args: ['sleep', '1000'] }));
    const plain = await client.exec('c1', 'e1', { ...script('echo out; echo err >&2; exit 4'), env: [path] });
    expect(await plain.exited).toBe(4);
    expect(await plain.stdout.untilEnd()).toBe('out\n');
    expect(await plain.stderr.untilEnd()).toBe('err\n');
    // The size and what is typed come by two FIFOs, and either may be read first.
    const shell = await client.exec('c1', 'e2', { ...script('read size; until [ "$(stty size 2>/dev/null)" = "$size" ]; do sleep 0.05; done; echo sized'), env: [path], terminal: true }, true);
    await client.resize('c1', 90, 30, 'e2');
    await shell.stdin.write('30 90\n');
    expect(await shell.exited).toBe(0);
    expect(await shell.stdout.untilEnd()).toBe('30 90\r\nsized\r\n');
    await client.signal('c1', 9);
    await client.events.until((event) => event.type === 'exit' && event.pid === 'init', 'exit');
  });

  test('starts the same id again at once, 100 times', async () => {
    for (let round = 0; round < 100; round += 1) {
      const { init } = await client.run('again', spec('again', script(`echo round ${String(round)}; exit ${String(round)}`)));
      expect(await init.exited).toBe(round);
      expect(await init.stdout.untilEnd()).toBe(`round ${String(round)}\n`);
    }
  });

  test('restores a container that runs, and goes on with its stdio', async () => {
    const first = await client.run('c1', spec('c1', script('while read line; do echo "got $line"; done; exit 5')), true);
    await first.init.stdin.write('one\n');
    await first.init.stdout.until('got one\n');
    await restartClient();
    expect(client.believedAlive()).toEqual(['c1']);
    const restored = await client.restore('c1');
    if (!restored.running) throw new Error('it should run');
    await client.start();
    await restored.container.init.stdin.write('two\n');
    await restored.container.init.stdout.until('got two\n');
    await client.closeStdin('c1');
    expect(await restored.container.init.exited).toBe(5);
  });

  test('learns of an exit that it missed, last of the stored events and with its status', async () => {
    await client.run('c1', spec('c1', script('read line; exit 6')), true);
    const { containers } = await client.state('c1');
    const pid = containers[0]?.pids[0] ?? 0;
    const stdio = client.containers.get('c1')?.init;
    client.health.close();
    client.connection.close();
    await stdio?.stdin.write('end\n');
    await waitForExit(pid);
    const observer = await observe();
    await observer.events.until((event) => event.type === 'exit' && event.id === 'c1', 'the exit');
    observer.close();
    await restartClient();
    expect(await client.restore('c1')).toEqual({ running: false, status: 6 });
    await client.start();
  });

  test('takes a daemon that does not answer for dead after three checks, and its containers live on', async () => {
    await client.run('c1', spec('c1', { args: ['sleep', '1000'] }));
    const before = (await client.state('c1')).containers[0]?.pids;
    const { pid } = backend;
    if (pid === undefined) throw new Error('the backend has no pid');
    process.kill(pid, 'SIGSTOP');
    await waitForExit(pid);
    await untilAccepting(backend.socketPath);
    expect(backend.starts).toBe(2);
    expect(backend.pid).not.toBe(pid);
    expect((await client.state('c1')).containers[0]?.pids).toEqual(before);
    await client.start();
    await client.signal('c1', 9);
    await client.events.until((event) => event.type === 'exit' && event.id === 'c1', 'exit');
  });

  async function observe(): Promise<LegacyClient> {
    const observer = new LegacyClient({ root: host.own('observer'), socketPath: backend.socketPath });
    await observer.start();
    return observer;
  }
});
