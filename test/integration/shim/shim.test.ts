import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { within } from '../../support/deadline';
import { countProcesses } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { ShimHost, ShimRefusal, ShimServerProcess } from '../../support/shim-host';

describeOnHost('holdfast-shim --serve', realContainers, () => {
  let host: ShimHost;

  beforeEach(async () => {
    host = await ShimHost.start();
  });

  afterEach(async () => {
    await host.cleanUp();
  });

  test('tells the exit status of a process, and has deleted its container by then', async () => {
    const init = await host.run('code', { args: ['sh', '-c', 'exit 7'] });
    expect(await init.untilExit()).toBe(7);
    expect(existsSync(join(host.test.runtimeRoot, 'code'))).toBe(false);
    expect(await host.listed()).toEqual([]);
  });

  test('tells 128 + the signal that ended a process', async () => {
    const init = await host.run('signalled', { args: ['sleep', '1000'] });
    process.kill(init.pid, 'SIGKILL');
    expect(await init.untilExit()).toBe(137);
  });

  test('gives the pid of the process, and lists it until its end', async () => {
    const init = host.init('listed', { args: ['sleep', '1000'] });
    const { pid, terminalFd } = await host.take(init);
    expect(pid).toBe(init.pid);
    expect(terminalFd).toBeUndefined();
    expect(await host.listed()).toEqual([{ dir: init.dir, pid, fifos: {} }]);
    process.kill(pid, 'SIGKILL');
    await init.untilExit();
    expect(await host.listed()).toEqual([]);
  });

  test('refuses to take a directory twice, and leaves the process alone', async () => {
    const init = await host.run('twice', { args: ['sleep', '1000'] });
    await expect(host.take(init)).rejects.toMatchObject({ code: 'bad-request' });
    process.kill(init.pid, 'SIGTERM');
    process.kill(init.pid, 'SIGKILL');
    expect(await init.untilExit()).toBe(137);
  });

  test('an id can be used again as soon as its exit is told', async () => {
    for (const code of [1, 2, 3]) {
      const init = await host.run('again', { args: ['sh', '-c', `exit ${code}`] });
      expect(await init.untilExit()).toBe(code);
      init.remove();
    }
  });

  test('runs exec processes beside init, each with its own status', async () => {
    const init = await host.run('execs', { args: ['sleep', '1000'] });
    const statuses = [0, 3, 42].map(async (code) => {
      const exec = host.exec(init, `exec-${code}`, { args: ['sh', '-c', `exit ${code}`] });
      await host.take(exec);
      return exec.untilExit();
    });
    expect(await Promise.all(statuses)).toEqual([0, 3, 42]);
    process.kill(init.pid, 'SIGKILL');
    expect(await init.untilExit()).toBe(137);
  });

  test.each([true, false])('the exits of exec processes are told before that of init (own pid namespace: %s)', async (pidNamespace) => {
    const init = await host.run('order', { args: ['sleep', '1000'], pidNamespace });
    const exec = host.exec(init, 'worker', { args: ['sleep', '1000'], pidNamespace });
    await host.take(exec);
    const order: string[] = [];
    const ends = [init, exec].map(async (one) => {
      const status = await one.untilExit();
      order.push(one.identity.processId);
      return status;
    });
    process.kill(init.pid, 'SIGKILL');
    expect(await Promise.all(ends)).toEqual([137, 137]);
    expect(order).toEqual(['worker', 'init']);
  });

  test('ends the rest of a container without a pid namespace of its own', async () => {
    const mark = `1000${process.pid}`;
    const init = await host.run('rest', { args: ['sh', '-c', `sleep ${mark} & exit 5`], pidNamespace: false });
    expect(await init.untilExit()).toBe(5);
    expect(countProcesses(`sleep ${mark}`)).toBe(0);
  });

  test('runs fifty at once', async () => {
    const runs = Array.from({ length: 50 }, async (_, index) => {
      const init = await host.run(`many-${index}`, { args: ['sh', '-c', `exit ${index}`] });
      return init.untilExit(60_000);
    });
    expect(await Promise.all(runs)).toEqual(runs.map((_, index) => index));
  });

  test('answers every kind of bad line with an error, and goes on', async () => {
    const bad: readonly [number, string][] = [
      [0, 'no json'],
      [0, '[]'],
      [11, '{"seq":11}'],
      [12, '{"seq":12,"verb":"explode"}'],
      [13, '{"seq":13,"verb":"take","dir":"relative","id":"a","processId":"init"}'],
      [14, '{"seq":14,"verb":"hello","protocol":99,"version":"x"}'],
      [15, '{"seq":15,"verb":"__proto__"}'],
    ];
    for (const [seq, line] of bad) {
      const answer = await within(host.client.raw(seq, line), `an answer to ${line}`);
      expect(answer).toMatchObject({ seq, error: { code: 'bad-request' } });
    }
    expect(await host.client.request('ping', {})).toEqual({});
  });

  test('refuses to take what is no process directory', async () => {
    const identity = { id: 'x', processId: 'init', bundle: '/nowhere', runtime: '/usr/sbin/runc', ownPidNamespace: true };
    const refused = host.client.request('take', { ...identity, dir: join(host.test.directory, 'nowhere') });
    await expect(refused).rejects.toBeInstanceOf(ShimRefusal);
    expect(await host.listed()).toEqual([]);
  });

  test('closes a connection whose line never ends, and serves the others', async () => {
    const other = await host.connect();
    other.write(Buffer.alloc(2 * 1024 * 1024, 'x'));
    await within(other.closed, 'the end of the connection');
    expect(await host.client.request('ping', {})).toEqual({});
  });

  test('outlives its daemon and SIGTERM as long as it has a process, and then ends by itself', async () => {
    const init = await host.run('outlive', { args: ['sleep', '1000'] });
    host.client.close();
    host.server.kill('SIGTERM');
    const later = await host.connect();
    expect((await later.request('list', {})).processes).toHaveLength(1);
    later.close();
    process.kill(init.pid, 'SIGKILL');
    expect(await init.untilExit()).toBe(137);
    expect(await within(host.server.exited, 'the end of the shim')).toBe(0);
    expect(existsSync(host.server.socketPath)).toBe(false);
  });

  test('ends at SIGTERM when it has nothing to do', async () => {
    host.server.kill('SIGTERM');
    expect(await within(host.server.exited, 'the end of the shim')).toBe(0);
  });

  test('serves a state directory whose path is longer than a socket address', async () => {
    const deep = join(host.test.own('deep'), 'd'.repeat(200));
    mkdirSync(deep, { recursive: true });
    const server = await ShimServerProcess.start(deep, 'far');
    server.kill('SIGTERM');
    expect(await within(server.exited, 'the end of the shim')).toBe(0);
  });

  test('has nothing to say in its log when all goes well', async () => {
    const init = await host.run('quiet', { args: ['true'] });
    await init.untilExit();
    const log = join(host.test.stateDir, 'holdfast-shim.log');
    expect(existsSync(log) ? readFileSync(log, 'utf8') : '').toBe('');
  });
});
