import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { bindMount } from '../support/bind-mount';
import { failureOf } from '../support/failure';
import { untilGone } from '../support/files';
import { untilLogged } from '../support/log-lines';
import { processOf } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { removeSetAside } from '../support/shims';
import { TestHost } from '../support/test-host';
import { until } from '../support/until';
import { expectWorking } from '../support/untouched';

const epoch = { seconds: 0n, nanos: 0 };
const sleeper = { args: ['sleep', '1000'] };

describeOnHost('an entry of the state directory that something is mounted on', realContainers, () => {
  let host: TestHost;
  const unmounts: (() => void)[] = [];
  beforeEach(async () => {
    host = await TestHost.withDaemon();
    mkdirSync(host.own('precious'));
    writeFileSync(host.own('precious/file'), 'mine');
  });
  afterEach(async () => {
    unmount();
    const kept = readFileSync(host.own('precious/file'), 'utf8');
    await host.cleanUp();
    expect(kept).toBe('mine');
  });

  const mountOn = (...names: string[]): void => {
    unmounts.push(bindMount(host.own('precious'), join(host.stateDir, ...names)));
  };
  const unmount = (): void => {
    for (const one of unmounts.splice(0)) one();
  };
  const untilSaid = (words: string) => untilLogged(host, ({ msg }) => msg.includes(words), words);
  const states = async (): Promise<string[]> =>
    (await host.client.state()).containers.map(({ id, status, processes }) => `${id} ${status} ${processes.map(({ pid }) => pid).join(' ')}`).sort();

  test.each(['SIGTERM', 'SIGKILL'] as const)('an ended container is listed as stopped until it can go, over a restart (%s), and costs no other anything', async (signal) => {
    await host.create('other', sleeper);
    await host.create('box', sleeper);
    const { systemPid } = await host.initOf('other');
    mountOn('box');
    await host.client.signal('box', 9);
    await untilSaid('cannot be removed');
    expect(await states()).toEqual(['box stopped init', 'other running init']);

    await host.restartDaemon(signal);
    expect(await states()).toEqual(['box stopped init', 'other running init']);
    expect((await host.initOf('other')).systemPid).toBe(systemPid);
    expect((await failureOf(host.create('box', sleeper))).details).toMatch(/already exists/);
    await expectWorking(host);

    const events = await host.events({ timestamp: epoch });
    unmount();
    expect((await events.untilExit('box')).status).toBe(137);
    expect(events.linesOf('box')).toEqual(['start-container', 'exit init 137']);
    await expectWorking(host, 'box');
    await host.end();
  });

  test("an exec'd process keeps its name and the end of its container waits, over a restart", async () => {
    await host.create('box', sleeper);
    await host.client.addProcess({ id: 'box', pid: 'extra', ...sleeper, cwd: '/', env: ['PATH=/bin'] });
    mountOn('box', 'extra');
    await host.client.signal('box', 9, 'extra');
    await untilSaid('cannot be removed');
    await host.restartDaemon('SIGKILL');
    expect(await states()).toEqual(['box running init extra']);
    const events = await host.events({ timestamp: epoch });
    await host.client.signal('box', 9);
    await until('the end', states, (all) => all.join() === 'box stopped init extra');
    unmount();
    await events.untilExit('box');
    expect(events.linesOf('box')).toEqual(['start-container', 'start-process extra', 'exit extra 137', 'exit init 137']);
  });

  test('a container that runs is held back until it can be read, and then it is as ever', async () => {
    await host.create('other', sleeper);
    await host.create('box', sleeper);
    const { systemPid } = await host.initOf('box');
    await host.stopDaemon('SIGKILL');
    mountOn('box');
    await host.startDaemon();
    expect(await states()).toEqual(['box running init', 'other running init']);
    expect((await host.initOf('box')).systemPid).toBe(systemPid);
    expect((await failureOf(host.create('box', sleeper))).details).toMatch(/already exists/);
    expect(host.daemon.log()).toMatch(/can be neither read nor set aside/);
    unmount();
    await untilSaid('is taken up');
    expect((await host.initOf('box')).systemPid).toBe(systemPid);
    expect(processOf(systemPid)).toBeDefined();
    const events = await host.events({ timestamp: epoch });
    await host.client.signal('box', 15);
    await host.client.signal('box', 9);
    expect((await events.untilExit('box')).status).toBe(137);
    expect(removeSetAside(host)).toEqual([]);
    await host.end();
  });

  test('one that is held back gets signals, is listed as stopped once it is, and its end is told when it can be read', async () => {
    await host.create('box', sleeper);
    const { systemPid } = await host.initOf('box');
    await host.stopDaemon('SIGKILL');
    mountOn('box');
    await host.startDaemon();
    await host.client.signal('box', 0);
    expect(await states()).toEqual(['box running init']);
    await host.client.signal('box', 9);
    await until('the end', states, (all) => all.join() === 'box stopped init');
    expect(processOf(systemPid)).toBeUndefined();
    expect((await failureOf(host.client.signal('box', 9))).details).toMatch(/no such process/);
    const events = await host.events({ timestamp: epoch });
    unmount();
    // Its shim could write the status nowhere.
    expect((await events.untilExit('box')).status).toBe(255);
    expect(events.linesOf('box')).toEqual(['start-container', 'exit init 255']);
    await expectWorking(host, 'box');
  });

  test('one that nobody knows is listed nowhere, its id taken as long as it lies there', async () => {
    await host.stopDaemon();
    mkdirSync(join(host.stateDir, 'left', 'init'), { recursive: true });
    mountOn('left');
    await host.startDaemon();
    expect(await states()).toEqual([]);
    expect((await failureOf(host.create('left', sleeper))).details).toMatch(/already exists/);
    unmount();
    await untilGone(join(host.stateDir, 'left'));
    await expectWorking(host, 'left');
    expect(existsSync(join(host.stateDir, 'left'))).toBe(false);
  });
});
