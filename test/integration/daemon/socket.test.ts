import { existsSync, lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { join, relative } from 'node:path';

import { ApiClient } from '../../support/api-client';
import { describeOnHost, realContainers } from '../../support/requires';
import { accepts } from '../../support/socket';
import { TestHost } from '../../support/test-host';
import { expectWorking } from '../../support/untouched';

describeOnHost("the daemon's socket", realContainers, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await TestHost.withDaemon();
  });
  afterEach(() => host.cleanUp());

  test('is removed by a daemon that ends in order', async () => {
    expect((await host.stopDaemon('SIGTERM')).code).toBe(0);
    expect(existsSync(host.socketPath)).toBe(false);
  });

  test('ends in order on SIGINT as well', async () => {
    expect((await host.stopDaemon('SIGINT')).code).toBe(0);
  });

  test('a stale one is replaced', async () => {
    await host.stopDaemon('SIGKILL');
    expect(lstatSync(host.socketPath).isSocket()).toBe(true);
    expect(await accepts(host.socketPath)).toBe(false);
    await host.startDaemon();
    await expectWorking(host);
  });

  test('one that a living daemon serves is an error for a second, and the first is not disturbed', async () => {
    const exit = await host.runDaemonToItsEnd({ flags: [`--state-dir=${join(host.directory, 'state2')}`, `--root=${join(host.directory, 'root2')}`] });
    expect(exit.code).toBeGreaterThan(0);
    expect(exit.log).toContain(host.socketPath);
    await expectWorking(host);
    const later = host.newClient();
    expect(await later.isServing()).toBe(true);
  });

  test('a second daemon on the same state directory is refused, and makes no socket', async () => {
    await host.create('mine', { args: ['sleep', '1000'] });
    const other = join(host.directory, 'other.sock');
    const exit = await host.runDaemonToItsEnd({ flags: [`--listen=unix://${other}`] });
    expect(exit.code).toBeGreaterThan(0);
    expect(exit.log).toContain(host.stateDir);
    expect(existsSync(other)).toBe(false);
    await host.end(['mine']);
    await expectWorking(host);
  });

  test.each([
    ['a path alone, absolute', (name: string) => name],
    ['a path alone, relative', (name: string) => relative(process.cwd(), name)],
    ['unix:// with a relative path', (name: string) => `unix://${relative(process.cwd(), name)}`],
  ])('%s is bound as it is given, and goes at the end', async (_title, addressOf) => {
    const path = host.own('other.sock');
    await host.restartDaemon('SIGTERM', { flags: ['--listen', addressOf(path)] });
    const client = new ApiClient(path);
    expect(await client.isServing()).toBe(true);
    client.close();
    // A stale one is seen by its relative name as well.
    await host.stopDaemon('SIGKILL');
    await host.startDaemon({ flags: ['--listen', addressOf(path)] });
    expect(await accepts(path)).toBe(true);
    await host.stopDaemon();
    expect(existsSync(path)).toBe(false);
  });

  test('a relative path whose absolute form is too long for an address is bound all the same', async () => {
    await host.stopDaemon();
    const deep = host.own('d'.repeat(100));
    const link = host.own('short');
    mkdirSync(deep);
    symlinkSync(deep, link);
    await host.startDaemon({ cwd: deep, flags: ['--listen', 'unix://sub/a.sock', '--listen', 'b.sock'] });
    expect([await accepts(join(link, 'sub/a.sock')), await accepts(join(link, 'b.sock'))]).toEqual([true, true]);
    await host.stopDaemon();
    expect([existsSync(join(deep, 'sub/a.sock')), existsSync(join(deep, 'b.sock'))]).toEqual([false, false]);
  });

  test('many clients are served at once, and one that goes away disturbs nobody', async () => {
    const clients = Array.from({ length: 20 }, () => new ApiClient(host.socketPath));
    expect(await Promise.all(clients.map((client) => client.isServing()))).toEqual(clients.map(() => true));
    for (const client of clients) client.close();
    await expectWorking(host);
  });
});
