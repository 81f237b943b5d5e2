import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { within } from '../../support/deadline';
import { writeFakeRuntime } from '../../support/fake-runtime';
import { untilExists } from '../../support/files';
import { describeOnHost, realContainers } from '../../support/requires';
import { ShimHost } from '../../support/shim-host';

describeOnHost('a start that fails or is undone', realContainers, () => {
  let host: ShimHost;

  beforeEach(async () => {
    host = await ShimHost.start();
  });

  afterEach(async () => {
    await host.cleanUp();
  });

  test('a command that does not exist is told in the words of the runtime', async () => {
    const init = host.init('bad', { args: ['/no/such/program'] });
    await expect(host.take(init)).rejects.toMatchObject({
      code: 'runtime-failed',
      message: expect.stringMatching(/^oci runtime error: .*\/no\/such\/program.*no such file or directory/) as string,
    });
    await init.exit.untilEnd();
    expect(await host.listed()).toEqual([]);
  });

  test('an exec of a command that does not exist leaves the container alone', async () => {
    const init = await host.run('exec-bad', { args: ['sleep', '1000'] });
    const exec = host.exec(init, 'bad', { args: ['no-such-command'] });
    await expect(host.take(exec)).rejects.toThrow(/^oci runtime error: .*executable file not found/);
    await exec.exit.untilEnd();
    process.kill(init.pid, 'SIGKILL');
    expect(await init.untilExit()).toBe(137);
  });

  test('a missing bundle is told', async () => {
    const init = host.init('bundle', { args: ['true'] });
    const refused = host.client.request('take', { ...init.identity, bundle: '/nowhere' });
    await expect(refused).rejects.toMatchObject({ code: 'runtime-failed', message: expect.stringContaining('/nowhere') as string });
  });

  test('a runtime that is not installed is told', async () => {
    const init = host.init('missing', { args: ['true'], runtime: '/usr/bin/no-such-runtime' });
    await expect(host.take(init)).rejects.toMatchObject({
      code: 'runtime-not-installed',
      message: '/usr/bin/no-such-runtime not installed on system',
    });
  });

  test.each([
    ['prints-garbage', 'containerd: container not started'],
    ['fails-silently', 'containerd: container not started'],
    ['fails-with-log', 'oci runtime error: made to fail'],
    ['succeeds-without-pid', 'containerd: container not started'],
    ['dies-of-signal', 'containerd: container not started'],
  ] as const)('a runtime that %s: %s', async (behaviour, message) => {
    const runtime = writeFakeRuntime(host.test.own('runtime'), behaviour);
    const init = host.init('fake', { args: ['true'], runtime });
    await expect(host.take(init)).rejects.toMatchObject({ code: 'runtime-failed', message });
    await init.exit.untilEnd();
    expect(await host.listed()).toEqual([]);
  });

  test.each([
    ['hangs', false],
    ['hangs-with-child', true],
  ] as const)('a runtime that %s is ended by an abort', async (behaviour, terminal) => {
    const runtime = writeFakeRuntime(host.test.own('runtime'), behaviour);
    const init = host.init('hung', { args: ['true'], runtime, terminal });
    const refused = expect(host.take(init)).rejects.toMatchObject({ code: 'aborted' });
    await untilExists(`${runtime}.called`);
    expect(await host.client.request('abort', { dir: init.dir })).toEqual({});
    await refused;
    await init.exit.untilEnd();
  });

  test('an abort at any moment of a create leaves nothing', async () => {
    for (const terminal of [false, true]) {
      const init = host.init('aborted', { args: ['sleep', '1000'], terminal });
      const refused = expect(host.take(init)).rejects.toMatchObject({ code: 'aborted' });
      await host.client.request('abort', { dir: init.dir });
      await refused;
      await init.exit.untilEnd();
      expect(existsSync(join(host.test.runtimeRoot, 'aborted'))).toBe(false);
      init.remove();
    }
  });

  test('an abort of an exec ends it, and not its container', async () => {
    const init = await host.run('abort-exec', { args: ['sleep', '1000'] });
    const exec = host.exec(init, 'one', { args: ['sleep', '1000'] });
    const refused = expect(host.take(exec)).rejects.toMatchObject({ code: 'aborted' });
    await host.client.request('abort', { dir: exec.dir });
    await refused;
    expect(await host.listed()).toHaveLength(1);
    process.kill(init.pid, 'SIGKILL');
    expect(await init.untilExit()).toBe(137);
  });

  test('an abort just after the create ends the container as any end does', async () => {
    const init = host.init('created', { args: ['sleep', '1000'] });
    await host.take(init);
    await host.client.request('abort', { dir: init.dir });
    expect(await init.untilExit()).toBe(137);
    expect(existsSync(join(host.test.runtimeRoot, 'created'))).toBe(false);
  });

  test('an abort of what is not there does nothing', async () => {
    expect(await host.client.request('abort', { dir: join(host.test.stateDir, 'none', 'init') })).toEqual({});
  });

  test('a failed create of an id that the runtime has already leaves that container alone', async () => {
    const init = await host.run('mine', { args: ['sleep', '1000'] });
    const other = host.init('other', { args: ['true'] });
    const stolen = { ...other.identity, id: 'mine' };
    await expect(host.client.request('take', stolen)).rejects.toThrow(/^oci runtime error: /);
    expect(JSON.parse(await host.test.runtime('state', 'mine'))).toMatchObject({ status: 'running' });
    process.kill(init.pid, 'SIGKILL');
    expect(await init.untilExit()).toBe(137);
  });

  test('no socket of a terminal is left in the directory', async () => {
    const init = await host.run('tidy', { args: ['true'], terminal: true });
    expect(existsSync(join(dirname(init.dir), 'init', 'holdfast-pty.sock'))).toBe(false);
    await within(init.untilExit(), 'the exit');
  });
});
