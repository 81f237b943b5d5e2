import { cpus } from 'node:os';

import { failureOf } from '../support/failure';
import { nanosecondsOf } from '../support/event-log-reader';
import { processOf } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { SharedHost } from '../support/shared-host';
import { TestHost } from '../support/test-host';
import { expectUntouched } from '../support/untouched';

describeOnHost('the life of a container', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  test('is started, shown, signalled and ended, and each step is told in order', async () => {
    const events = await host.events();
    const stdio = host.stdio('web');
    const args = ['sh', '-c', 'echo up; read line'];
    const { container } = await host.create('web', { args, env: ['COLOUR=blue'] }, { ...stdio.paths, labels: ['tier=front'] });
    const bundlePath = `${host.directory}/bundles/web`;
    expect(container).toMatchObject({ id: 'web', bundlePath, status: 'running', labels: ['tier=front'], runtime: 'runc', pids: [] });
    expect(container?.processes).toHaveLength(1);
    const init = container?.processes[0];
    expect(init).toMatchObject({ pid: 'init', args, cwd: '/', terminal: false });
    expect(init?.env).toContain('COLOUR=blue');
    const systemPid = init?.systemPid ?? 0;
    // The runtime's start returns a moment before the command takes its place.
    await stdio.stdout.until('up\n');
    expect(processOf(systemPid)?.commandLine).toBe(args.join(' '));

    const state = await host.client.state('web');
    expect(state.containers).toMatchObject([{ id: 'web', status: 'running', pids: [systemPid], processes: [{ pid: 'init', systemPid }] }]);

    await host.client.signal('web', 9);
    expect((await events.untilExit('web')).status).toBe(137);
    expect(events.linesOf('web')).toEqual(['start-container', 'exit init 137']);
    expect(processOf(systemPid)).toBeUndefined();
    await expectUntouched(host);
  });

  test.each([0, 1, 3, 126, 127, 255])('exit status %i is told as it is', async (code) => {
    const events = await host.events();
    await host.create('code', { args: ['sh', '-c', `exit ${String(code)}`] });
    expect((await events.untilExit('code')).status).toBe(code);
    expect(events.linesOf('code')).toEqual(['start-container', `exit init ${String(code)}`]);
  });

  test('a signal reaches the process, which may end as it likes', async () => {
    const events = await host.events();
    const stdio = host.stdio('trap');
    const script = 'trap "exit 42" TERM; echo ready; while :; do sleep 1; done';
    await host.create('trap', { args: ['sh', '-c', script] }, stdio.paths);
    await stdio.stdout.until('ready');
    await host.client.signal('trap', 15);
    expect((await events.untilExit('trap')).status).toBe(42);
  });

  test('without a pid namespace, what is left of the container ends with its first process', async () => {
    const events = await host.events();
    const stdio = host.stdio('loose');
    const script = 'sleep 1000 & echo "child $!"; exit 6';
    await host.create('loose', { args: ['sh', '-c', script], pidNamespace: false }, stdio.paths);
    expect((await events.untilExit('loose')).status).toBe(6);
    const child = /child (\d+)/.exec(await stdio.stdout.untilEnd())?.[1];
    expect(processOf(Number(child))).toBeUndefined();
  });

  test('when the exit is told, the id is free: its directory is gone, and the runtime has forgotten it', async () => {
    const events = await host.events();
    await host.create('gone', { args: ['true'] });
    await events.untilExit('gone');
    expect(host.containerDirectories()).toEqual([]);
    await expect(host.runtime('state', 'gone')).rejects.toThrow('does not exist');
    expect((await failureOf(host.client.state('gone'))).details).toBe('containerd: container not found');
  });

  test('timestamps rise strictly, in both forms, and a client resumes after the last that it saw', async () => {
    const events = await host.events();
    for (const id of ['one', 'two', 'three']) {
      await host.create(id, { args: ['true'] });
      await events.untilExit(id);
    }
    const times = events.events.map(nanosecondsOf);
    expect(times.every((time, index) => index === 0 || time > (times[index - 1] ?? 0n))).toBe(true);
    for (const event of events.events) expect(event.seconds).toBe(event.timestamp?.seconds);

    const middle = events.events.find((event) => event.id === 'two' && event.type === 'exit');
    const resumed = await host.events({ timestamp: middle?.timestamp });
    await resumed.untilExit('three');
    expect(resumed.events.map((event) => event.id)).toEqual(['three', 'three']);
    const oldest = await host.events({ seconds: 1n, storedOnly: true, timestamp: undefined, id: 'one' });
    expect(await oldest.ended).toBeUndefined();
    expect(oldest.linesOf('one')).toEqual(['start-container', 'exit init 0']);
    expect(oldest.events).toHaveLength(2);
  });

  test('stored events alone need a timestamp', async () => {
    const error = await failureOf(host.events({ storedOnly: true }));
    expect(error.details).toBe('invalid parameter: StoredOnly cannot be specified without setting a valid Timestamp');
  });

  test('says which version it is, and what machine', async () => {
    expect(await host.client.version()).toMatchObject({ major: 0, minor: 2, patch: 9 });
    const { machine } = await host.client.state();
    expect(machine?.cpus).toBe(cpus().length);
    expect(machine?.memory).toBeGreaterThan(0n);
  });
});

describeOnHost('a container that runs out of memory', [...realContainers, 'memory controller'], () => {
  test('tells of the kill before its exit', async () => {
    const host = await TestHost.withDaemon();
    try {
      const events = await host.events();
      await host.create('hungry', { args: ['tail', '/dev/zero'], memoryLimit: 16 * 1024 * 1024 });
      expect((await events.untilExit('hungry')).status).toBe(137);
      const lines = events.linesOf('hungry');
      expect(lines[0]).toBe('start-container');
      expect(lines).toContain('oom');
      expect(lines.at(-1)).toBe('exit init 137');
    } finally {
      await host.cleanUp();
    }
  });
});
