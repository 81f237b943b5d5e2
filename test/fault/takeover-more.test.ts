import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { OriginalDaemon, originalShim } from '../support/original-daemon';
import { inOtherVersion, otherVersion } from '../support/other-version';
import { processesNaming, signalExactly, waitForExit } from '../support/processes';
import type { SeenProcess } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { killDaemonAndShims, shimsOf } from '../support/shims';
import { TestHost } from '../support/test-host';
import { expectUntouched } from '../support/untouched';

const epoch = { seconds: 0n, nanos: 0 };
const sleeper = { args: ['sleep', '1000'] };
const exec = { ...sleeper, cwd: '/', env: ['PATH=/bin'] };
const obedient = { args: ['sh', '-c', 'while read word rest; do [ "$word" = exit ] && exit $rest; echo "got $word"; done; exit 6'] };
/** Waits until its terminal has a certain size, and for a line; ends with 4. */
const measuring = ['sh', '-c', 'echo ready; until [ "$(stty size)" = "41 101" ]; do sleep 0.05; done; echo sized; read line; echo "got $line"; exit 4'];

describeOnHost("an original's state directory is taken over", realContainers, () => {
  let host: TestHost;
  let original: OriginalDaemon;
  beforeEach(() => {
    host = new TestHost();
    original = new OriginalDaemon(host);
  });
  afterEach(() => host.cleanUp());

  const shimsOfOriginal = (): SeenProcess[] => processesNaming(`${originalShim} `).filter((seen) => seen.commandLine.includes(host.directory));

  test('with its terminals, of container and exec', async () => {
    const stdio = { init: host.stdio('tty', true), shell: host.stdio('shell', true) };
    await original.create('tty', { args: measuring, terminal: true }, stdio.init.paths);
    await original.exec('tty', 'shell', measuring, stdio.shell.paths);
    for (const side of Object.values(stdio)) await side.stdout.until('ready\r\n');
    original.die();
    await host.startDaemon();
    const events = await host.events({ timestamp: epoch });
    for (const name of ['shell', 'init'] as const) {
      await host.client.updateProcess({ id: 'tty', pid: name, width: 101, height: 41 });
      await stdio[name].stdout.until('sized\r\n');
      await stdio[name].stdin.write('word\n');
      await stdio[name].stdout.until('got word\r\n');
      expect((await events.untilExit('tty', name)).status).toBe(4);
      await stdio[name].stdout.untilEnd();
    }
    await expectUntouched(host);
  });

  test('with the checkpoints of its containers', async () => {
    await original.create('box', sleeper);
    const place = join(host.directory, 'bundles', 'box', 'checkpoints');
    for (const name of ['one', 'half']) mkdirSync(join(place, name), { recursive: true });
    const description = { created: '2017-11-20T10:15:30.5Z', name: 'one', tcp: true, unixSockets: false, shell: false, exit: false, emptyNS: null };
    writeFileSync(join(place, 'one', 'config.json'), JSON.stringify(description));
    original.die();
    await host.startDaemon();
    const { checkpoints } = await host.client.listCheckpoints('box', '');
    expect(checkpoints).toMatchObject([{ name: 'one', tcp: true, unixSockets: false, shell: false, exit: false, emptyNS: [] }]);
    await host.client.deleteCheckpoint('box', 'one', '');
    expect(existsSync(join(place, 'one'))).toBe(false);
    expect((await host.client.listCheckpoints('box', '')).checkpoints).toEqual([]);
    await host.end();
    await expectUntouched(host);
  });

  test.each(['lives on', 'is dead too'])('with a container that has no pid namespace of its own, whose shim %s', async (shims) => {
    // Its child is in the host's pid namespace, and does not end with it by itself.
    await original.create('box', { args: ['sh', '-c', 'sleep 1000 & sleep 1000'], pidNamespace: false });
    await original.exec('box', 'other', ['sleep', '1000']);
    original.die();
    if (shims === 'is dead too') {
      const seen = shimsOfOriginal();
      expect(seen).toHaveLength(2);
      for (const shim of seen) signalExactly(shim, 'SIGKILL');
      for (const shim of seen) await waitForExit(shim.pid);
    }
    await host.startDaemon();
    const events = await host.events({ timestamp: epoch });
    await host.client.signal('box', 9);
    expect((await events.untilExit('box')).status).toBe(137);
    expect(events.linesOf('box')).toEqual(['exit other 137', 'exit init 137']);
    await expectUntouched(host);
  });
});

describeOnHost('a shim that speaks another protocol', realContainers, () => {
  let host: TestHost;
  let program: string;
  beforeEach(async () => {
    host = new TestHost();
    ({ program } = otherVersion(host, 99));
    await host.startDaemon({ program, env: inOtherVersion });
  });
  afterEach(() => host.cleanUp());

  const pidsOf = async (id: string): Promise<Record<string, number>> =>
    Object.fromEntries(((await host.client.state(id)).containers[0]?.processes ?? []).map((one) => [one.pid, one.systemPid]));

  test('serves its own beside ours, by their files, until they end', async () => {
    const stdio = host.stdio('old');
    await host.create('old', obedient, stdio.paths);
    await host.client.addProcess({ id: 'old', pid: 'early', ...exec });
    const pids = await pidsOf('old');
    const [oldShim] = shimsOf(host);
    await host.restartDaemon('SIGKILL');
    stdio.open();
    const events = await host.events({ timestamp: epoch });
    expect(await pidsOf('old')).toEqual(pids);
    await host.create('new', sleeper);
    expect(shimsOf(host)).toHaveLength(2);
    await host.client.addProcess({ id: 'old', pid: 'late', ...exec, args: ['sh', '-c', 'exit 8'] });
    expect((await events.untilExit('old', 'late')).status).toBe(8);
    await host.client.signal('old', 15, 'early');
    expect((await events.untilExit('old', 'early')).status).toBe(143);
    await stdio.stdin.write('word\n');
    await stdio.stdout.until('got word\n');
    stdio.stdin.close();
    await host.client.updateProcess({ id: 'old', pid: 'init', closeStdin: true });
    expect((await events.untilExit('old')).status).toBe(6);
    await waitForExit(oldShim?.pid ?? 0);
    await host.end();
    await expectUntouched(host);
  });

  test('may be taken up again by a daemon of its own, after ours', async () => {
    await host.create('old', sleeper);
    const pids = await pidsOf('old');
    await host.restartDaemon();
    await host.create('new', sleeper);
    await host.restartDaemon('SIGTERM', { program, env: inOtherVersion });
    expect(await pidsOf('old')).toEqual(pids);
    const events = await host.events();
    await host.client.signal('new', 9);
    expect((await events.untilExit('new')).status).toBe(137);
    await host.end();
    await host.stopDaemon();
    await host.startDaemon();
    await expectUntouched(host);
  });

  test.each(['dies later', 'has died before'])('and %s leaves its containers to ours', async (when) => {
    await host.create('old', sleeper);
    const pids = await pidsOf('old');
    const [oldShim] = shimsOf(host);
    if (when === 'has died before') {
      await killDaemonAndShims(host);
      await host.startDaemon();
    } else {
      await host.restartDaemon();
      if (oldShim !== undefined) signalExactly(oldShim, 'SIGKILL');
      await waitForExit(oldShim?.pid ?? 0);
    }
    const events = await host.events({ timestamp: epoch });
    expect(await pidsOf('old')).toEqual(pids);
    await host.client.addProcess({ id: 'old', pid: 'late', ...exec, args: ['sh', '-c', 'exit 8'] });
    expect((await events.untilExit('old', 'late')).status).toBe(8);
    await host.client.signal('old', 9);
    expect((await events.untilExit('old')).status).toBe(137);
    expect(events.linesOf('old')).toEqual(['start-container', 'start-process late', 'exit late 8', 'exit init 137']);
    // The socket of a shim that died unconnected is removed by the next daemon.
    await host.restartDaemon();
    await expectUntouched(host);
  });
});
