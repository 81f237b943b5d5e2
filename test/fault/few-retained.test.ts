import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { status } from '@grpc/grpc-js';

import { EventLogReader, lineOf } from '../support/event-log-reader';
import { describeOnHost, realContainers } from '../support/requires';
import { TestHost } from '../support/test-host';
import { expectUntouched } from '../support/untouched';

const epoch = { seconds: 0n, nanos: 0 };
const sleeper = { args: ['sleep', '1000'] };
const flags = ['--retain-count=0'];
/** As many as a daemon that retains none keeps before it drops all but the newest. */
const mostKept = 64;

/** The event that makes the daemon drop what it need not retain is a start, and the daemon dies before its mark goes. */
describeOnHost('a daemon that retains no events', realContainers, () => {
  let host: TestHost;
  beforeEach(() => {
    host = new TestHost();
    mkdirSync(host.stateDir);
  });
  afterEach(() => host.cleanUp());

  /** A journal of another daemon, from which the log has its first events. */
  const fillLog = (count: number): void => {
    const line = (second: number): string =>
      JSON.stringify({ id: 'old', type: 'exit', pid: 'init', status: 0, timestamp: `2017-11-20T10:${String(10 + Math.floor(second / 50))}:${String(10 + (second % 50))}Z` });
    writeFileSync(join(host.stateDir, 'events.log'), `${Array.from({ length: count }, (_, index) => line(index)).join('\n')}\n`);
  };

  test('does not undo a container whose start was told', async () => {
    fillLog(mostKept);
    await host.startDaemon({ flags, env: { HOLDFAST_FAULTS: 'daemon.start.told=kill' } });
    await expect(host.create('told', sleeper)).rejects.toThrow();
    await host.daemon.exited;
    await host.startDaemon({ flags });
    const events = await host.events({ timestamp: epoch });
    expect((await host.client.state()).containers.map(({ id, status }) => `${id} ${status}`)).toEqual(['told running']);
    await host.end();
    await events.untilExit('told');
    expect(events.linesOf('told')).toEqual(['start-container', 'exit init 137']);
    await expectUntouched(host);
  });

  test('does not undo an exec whose start was told', async () => {
    fillLog(mostKept - 1);
    await host.startDaemon({ flags, env: { HOLDFAST_FAULTS: 'daemon.exec.told=kill' } });
    await host.create('box', sleeper);
    await expect(host.client.addProcess({ id: 'box', pid: 'told', ...sleeper, cwd: '/', env: ['PATH=/bin'] })).rejects.toThrow();
    await host.daemon.exited;
    await host.startDaemon({ flags });
    const events = await host.events({ timestamp: epoch });
    const { containers } = await host.client.state('box');
    expect(containers[0]?.processes.map(({ pid }) => pid).sort()).toEqual(['init', 'told']);
    await host.end();
    await events.untilExit('box');
    expect(events.linesOf('box')).toEqual(['start-container', 'start-process told', 'exit told 137', 'exit init 137']);
    await expectUntouched(host);
  });
});

/** What pushes events out of the log: as many as it takes for a daemon that retains ten. */
const execs = 45;

describeOnHost('a daemon that retains ten events', realContainers, () => {
  let host: TestHost;
  beforeEach(() => {
    host = new TestHost();
  });
  afterEach(() => host.cleanUp());

  test('tells the last end of a container to whoever asks, and who asks for more that something is missing', async () => {
    await host.startDaemon({ flags: ['--retain-count=10'] });
    const live = await host.events();
    await host.create('busy', sleeper);
    const before = (await live.untilType('start-container', 'busy')).timestamp;
    await host.create('gone', { args: ['sh', '-c', 'exit 7'] });
    await live.untilExit('gone');
    for (let round = 0; round < execs; round += 1) {
      const pid = `job${String(round)}`;
      await host.client.addProcess({ id: 'busy', pid, args: ['true'], cwd: '/', env: ['PATH=/bin'] });
      await live.untilExit('busy', pid);
    }
    for (const restart of [false, true]) {
      if (restart) await host.restartDaemon('SIGKILL', { flags: ['--retain-count=10'] });
      // As dockerd asks for it: no error, and the end.
      const own = await EventLogReader.stored(host.client, epoch, 'gone');
      expect(own.map(lineOf)).toContain('exit init 7');
      const all = await EventLogReader.open(host.client, { ...(before === undefined ? {} : { timestamp: before }), storedOnly: true });
      expect(await all.ended).toMatchObject({ code: status.DATA_LOSS });
      expect(all.linesOf('gone')).toContain('exit init 7');
      const following = await EventLogReader.open(host.client, { ...(before === undefined ? {} : { timestamp: before }) });
      await following.untilExit('gone');
      following.close();
      const seen = await EventLogReader.open(host.client, { timestamp: live.lastTimestamp, storedOnly: true });
      expect(await seen.ended).toBeUndefined();
    }
    await host.end();
    await expectUntouched(host);
  });
});
