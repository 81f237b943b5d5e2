import { join } from 'node:path';

import { damages, fifoDamages } from '../../support/damage';
import { describeOnHost, realContainers } from '../../support/requires';
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
const cases = kinds.flatMap((kind) => [
  { ...kind, dead: 'the daemon is dead', stop: (host: TestHost): Promise<unknown> => host.stopDaemon('SIGKILL') },
  { ...kind, dead: 'daemon and shim are dead', stop: killDaemonAndShims },
]);

describeOnHost("a damaged file of an exec'd process", realContainers, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await TestHost.withDaemon();
  });
  afterEach(() => host.cleanUp());

  async function pidsOf(id: string): Promise<Record<string, number>> {
    const { containers } = await host.client.state(id);
    return Object.fromEntries((containers[0]?.processes ?? []).map((one) => [one.pid, one.systemPid]));
  }

  // One process for each file, so that a restart meets them all at once.
  test.each(cases)('each file once is $how while $dead: all are recovered, and told of once', async ({ damage, files, stop }) => {
    await host.create('hurt', sleeper);
    await host.create('other', sleeper);
    for (const name of [...files, 'whole']) {
      await host.client.addProcess({ id: 'hurt', pid: name, ...sleeper, cwd: '/', env: ['PATH=/bin'] });
    }
    const pids = [await pidsOf('hurt'), await pidsOf('other')];
    await stop(host);
    for (const file of files) damage(join(host.stateDir, 'hurt', file, file));
    await host.startDaemon();
    expect([await pidsOf('hurt'), await pidsOf('other')]).toEqual(pids);
    expect(removeSetAside(host)).toEqual([]);
    const events = await host.events({ timestamp: epoch });
    for (const name of [...files, 'whole']) {
      await host.client.signal('hurt', 9, name);
      expect((await events.untilExit('hurt', name)).status).toBe(137);
    }
    await host.end();
    expect(events.linesOf('hurt')).toHaveLength(2 * (files.length + 2));
    await expectUntouched(host);
  });
});

describeOnHost("a damaged log of a shim's errors", realContainers, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await TestHost.withDaemon();
  });
  afterEach(() => host.cleanUp());

  test.each(Object.entries(damages))('of a container is %s: it is recovered, and ends as ever', async (_how, damage) => {
    await host.create('hurt', sleeper);
    const { systemPid } = await host.initOf('hurt');
    await killDaemonAndShims(host);
    damage(join(host.stateDir, 'hurt', 'init', 'shim-log.json'));
    await host.startDaemon();
    expect((await host.initOf('hurt')).systemPid).toBe(systemPid);
    const events = await host.events();
    await host.client.signal('hurt', 9);
    expect((await events.untilExit('hurt')).status).toBe(137);
    await expectUntouched(host);
  });
});
