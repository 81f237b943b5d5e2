import { join } from 'node:path';

import { damages, fifoDamages } from '../../support/damage';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedHost } from '../../support/shared-host';
import { killDaemonAndShims, removeSetAside } from '../../support/shims';
import { TestHost } from '../../support/test-host';
import { expectUntouched } from '../../support/untouched';

const epoch = { seconds: 0n, nanos: 0 };
const sleeper = { args: ['sleep', '1000'] };
const content = ['process.json', 'pid', 'starttime', 'log.json', 'shim-log.json'];
const fifos = ['exit', 'control'];

const kinds = [
  ...Object.entries(damages).map(([how, damage]) => ({ how, damage, files: content })),
  ...Object.entries(fifoDamages).map(([how, damage]) => ({ how, damage, files: fifos })),
];
const deaths = [
  { dead: 'the daemon is dead', stop: (host: TestHost): Promise<unknown> => host.stopDaemon('SIGKILL') },
  { dead: 'daemon and shim are dead', stop: killDaemonAndShims },
];

describeOnHost("a damaged file of an exec'd process", realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  async function pidsOf(one: string): Promise<Record<string, number>> {
    const { containers } = await host.client.state(one);
    return Object.fromEntries((containers[0]?.processes ?? []).map(({ pid, systemPid }) => [pid, systemPid]));
  }

  // A container for each kind of damage, with a process for each file, so that a restart meets them all at once.
  test.each(deaths)('each file once is damaged in each way while $dead: all are recovered, and told of once', async ({ dead, stop }) => {
    const hurt = kinds.map((kind, at) => ({ ...kind, id: `hurt-${String(at)}-${dead.replaceAll(' ', '-')}` }));
    await host.create('other', sleeper);
    for (const { id, files } of hurt) {
      await host.create(id, sleeper);
      for (const name of [...files, 'whole']) {
        await host.client.addProcess({ id, pid: name, ...sleeper, cwd: '/', env: ['PATH=/bin'] });
      }
    }
    const pidsNow = (): Promise<object> => Promise.all(['other', ...hurt.map(({ id }) => id)].map(async (id) => [id, await pidsOf(id)]));
    const pids = await pidsNow();
    await stop(host);
    for (const { id, files, damage } of hurt) {
      for (const file of files) damage(join(host.stateDir, id, file, file));
    }
    await host.startDaemon();
    expect(await pidsNow()).toEqual(pids);
    expect(removeSetAside(host)).toEqual([]);
    const events = await host.events({ timestamp: epoch });
    for (const { how, id, files } of hurt) {
      for (const name of [...files, 'whole']) {
        await host.client.signal(id, 9, name);
        expect([how, name, (await events.untilExit(id, name)).status]).toEqual([how, name, 137]);
      }
    }
    await host.end();
    for (const { how, id, files } of hurt) expect([how, events.linesOf(id).length]).toEqual([how, 2 * (files.length + 2)]);
    await expectUntouched(host);
  }, 180_000);
});

describeOnHost("a damaged log of a shim's errors", realContainers, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await TestHost.withDaemon();
  });
  afterEach(() => host.cleanUp());

  test('of a container is damaged in any way: it is recovered, and ends as ever', async () => {
    const hurt = Object.entries(damages).map(([how, damage]) => ({ damage, id: how.replaceAll(' ', '-') }));
    await Promise.all(hurt.map(({ id }) => host.create(id, sleeper)));
    const pidsNow = (): Promise<readonly number[]> => Promise.all(hurt.map(async ({ id }) => (await host.initOf(id)).systemPid));
    const pids = await pidsNow();
    await killDaemonAndShims(host);
    for (const { damage, id } of hurt) damage(join(host.stateDir, id, 'init', 'shim-log.json'));
    await host.startDaemon();
    expect(await pidsNow()).toEqual(pids);
    const events = await host.events();
    for (const { id } of hurt) {
      await host.client.signal(id, 9);
      expect((await events.untilExit(id)).status).toBe(137);
    }
    await expectUntouched(host);
  });
});
