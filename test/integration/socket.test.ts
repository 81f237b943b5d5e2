import { existsSync, lstatSync } from 'node:fs';
import { join } from 'node:path';

import { ApiClient } from '../support/api-client';
import { describeOnHost, realContainers } from '../support/requires';
import { accepts } from '../support/socket';
import { TestHost } from '../support/test-host';
import { expectWorking } from '../support/untouched';

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
    const exit = await host.runDaemonToItsEnd({ flags: [`--state-dir=${join(host.directory, 'state2')}`] });
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

  test('many clients are served at once, and one that goes away disturbs nobody', async () => {
    const clients = Array.from({ length: 20 }, () => new ApiClient(host.socketPath));
    expect(await Promise.all(clients.map((client) => client.isServing()))).toEqual(clients.map(() => true));
    for (const client of clients) client.close();
    await expectWorking(host);
  });
});
