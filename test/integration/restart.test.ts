import { EventLogReader, lineOf, nanosecondsOf } from '../support/event-log-reader';
import { failureOf } from '../support/failure';
import { waitForExit } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { TestHost } from '../support/test-host';
import { expectUntouched, expectWorking } from '../support/untouched';

const path = 'PATH=/bin';
const epoch = { seconds: 0n, nanos: 0 };

/** Answers each line that it reads; ends with the number in a line `exit <number>`. */
const obedient = ['sh', '-c', 'while read word rest; do [ "$word" = exit ] && exit $rest; echo "got $word $rest"; done'];

for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
  describeOnHost(`a restart after ${signal}`, realContainers, () => {
    let host: TestHost;
    beforeEach(async () => {
      host = await TestHost.withDaemon();
    });
    afterEach(() => host.cleanUp());

    test('finds what runs: same pid, same stdio, and an exact status in the end', async () => {
      const stdio = host.stdio('runs');
      await host.create('runs', { args: obedient }, { ...stdio.paths, labels: ['kept=yes'] });
      const before = (await host.client.state('runs')).containers;
      await stdio.stdin.write('before -\n');
      await stdio.stdout.until('got before -\n');
      const exit = await host.stopDaemon(signal);
      expect(exit).toMatchObject(signal === 'SIGTERM' ? { code: 0 } : { signal });
      stdio.open();
      await stdio.stdin.write('between -\n');
      await stdio.stdout.until('got between -\n');
      await host.startDaemon();
      expect((await host.client.state('runs')).containers).toEqual(before);
      const events = await host.events();
      await stdio.stdin.write('after -\n');
      await stdio.stdout.until('got after -\n');
      await stdio.stdin.write('exit 7\n');
      expect((await events.untilExit('runs')).status).toBe(7);
      await stdio.stdout.untilEnd();
      await expectUntouched(host);
    });

    test.each([
      ['by itself', 9],
      ['by a signal', 137],
    ])('tells of an end that came meanwhile, %s, with status %i, once and last', async (how, status) => {
      const events = await host.events();
      const stdio = host.stdio('ended');
      await host.create('ended', { args: obedient }, stdio.paths);
      await events.untilType('start-container', 'ended');
      const { systemPid } = await host.initOf('ended');
      const since = events.lastTimestamp;
      await host.stopDaemon(signal);
      stdio.open();
      if (how === 'by itself') await stdio.stdin.write('exit 9\n');
      else process.kill(systemPid, 'SIGKILL');
      await waitForExit(systemPid);
      await host.startDaemon();
      const resumed = await host.events({ timestamp: since });
      expect((await resumed.untilExit('ended')).status).toBe(status);
      expect(resumed.linesOf('ended')).toEqual([`exit init ${String(status)}`]);
      expect((await failureOf(host.client.state('ended'))).details).toBe('containerd: container not found');
      const stored = await EventLogReader.stored(host.client, epoch, 'ended');
      expect(stored.map(lineOf)).toEqual(['start-container', `exit init ${String(status)}`]);
      await expectUntouched(host);
      await expectWorking(host, 'ended');
    });

    test("keeps exec'd processes, and tells of those that ended meanwhile", async () => {
      const stdio = host.stdio('box-stays');
      await host.create('box', { args: ['sleep', '1000'] });
      const stays = { id: 'box', pid: 'stays', args: obedient, cwd: '/', env: [path], ...stdio.paths };
      await host.client.addProcess(stays);
      const { systemPid } = await host.client.addProcess({ id: 'box', pid: 'ends', args: ['sleep', '1000'], cwd: '/', env: [path] });
      await host.stopDaemon(signal);
      process.kill(systemPid, 'SIGTERM');
      await waitForExit(systemPid);
      await host.startDaemon();
      const events = await host.events({ timestamp: epoch, id: 'box' });
      expect((await events.untilExit('box', 'ends')).status).toBe(143);
      expect((await host.client.state('box')).containers[0]?.processes.map((one) => one.pid).sort()).toEqual(['init', 'stays']);
      stdio.open();
      await stdio.stdin.write('hello -\n');
      await stdio.stdout.until('got hello -\n');
      await stdio.stdin.write('exit 12\n');
      expect((await events.untilExit('box', 'stays')).status).toBe(12);
      await host.end();
      await events.untilExit('box');
      expect(events.linesOf('box').filter((line) => line.startsWith('exit'))).toEqual(['exit ends 143', 'exit stays 12', 'exit init 137']);
    });

    test('keeps a terminal, both halves and its size', async () => {
      const stdio = host.stdio('tty', true);
      await host.create('tty', { args: ['sh', '-c', 'echo ready; read line; until [ "$(stty size 2>/dev/null)" = "45 123" ]; do sleep 0.05; done; echo sized; exec sleep 1000'], terminal: true }, stdio.paths);
      await stdio.stdout.until('ready');
      await host.restartDaemon(signal);
      stdio.open();
      await host.client.updateProcess({ id: 'tty', pid: 'init', width: 123, height: 45 });
      // Two FIFOs, and either may be read first.
      await stdio.stdin.write('size?\n');
      await stdio.stdout.until('size?\r\nsized\r\n');
      await host.end();
    });

    test('starts nothing twice and forgets no history, however often it comes', async () => {
      const before = await host.events();
      await host.create('old', { args: ['sh', '-c', 'exit 4'] });
      await before.untilExit('old');
      await host.create('stays', { args: ['sleep', '1000'] });
      const { systemPid } = await host.initOf('stays');
      for (let round = 0; round < 3; round += 1) {
        await host.restartDaemon(signal);
        expect((await host.initOf('stays')).systemPid).toBe(systemPid);
      }
      await host.end();
      const events = await EventLogReader.stored(host.client, epoch);
      expect(events.map((event) => `${event.id} ${lineOf(event)}`)).toEqual([
        'old start-container',
        'old exit init 4',
        'stays start-container',
        'stays exit init 137',
      ]);
      const times = events.map(nanosecondsOf);
      expect(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0n))).toBe(true);
    });

    test('finds twenty running and twenty ended meanwhile', async () => {
      const names = (kind: string): string[] => Array.from({ length: 20 }, (_, index) => `${kind}${String(index)}`);
      await Promise.all([...names('run'), ...names('end')].map((id) => host.create(id, { args: ['sleep', '1000'] })));
      const ending = await Promise.all(names('end').map((id) => host.initOf(id)));
      await host.stopDaemon(signal);
      for (const { systemPid } of ending) process.kill(systemPid, 'SIGKILL');
      await Promise.all(ending.map(({ systemPid }) => waitForExit(systemPid)));
      await host.startDaemon();
      const events = await host.events({ timestamp: epoch });
      for (const id of names('end')) {
        expect((await events.untilExit(id)).status).toBe(137);
        expect(events.linesOf(id)).toEqual(['start-container', 'exit init 137']);
      }
      const { containers } = await host.client.state();
      expect(containers.map((container) => container.id).sort()).toEqual(names('run').sort());
      await host.end();
      await expectUntouched(host);
    });
  });
}
