import { join, resolve } from 'node:path';

import { binDirectory } from '../support/daemon-process';
import { EventLogReader, lineOf } from '../support/event-log-reader';
import { untilExists } from '../support/files';
import { processesNaming, waitForExit } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { SharedHost } from '../support/shared-host';
import type { TestHost } from '../support/test-host';

const memoryLimit = 16 << 20;
const epoch = { seconds: 0n, nanos: 0 };
const path = 'PATH=/bin';

/** Eats up its memory in a child for each line that it reads; the child is killed, and it goes on. */
const feeds = ['sh', '-c', 'while read line; do tail /dev/zero; echo "fed $line $?"; done; sleep 1000'];
/** Eats up its memory itself when it has read a line. */
const bursts = ['sh', '-c', 'read line; exec tail /dev/zero'];
/** The same, and not in a system call, which would fail (EFAULT) where nobody is killed. */
const swells = ['sh', '-c', `read line; exec awk 'BEGIN { for (s = "x"; ; ) s = s s }'`];

describeOnHost('the OOM killer in a container', [...realContainers, 'memory controller'], () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  const stored = async (id: string) => (await EventLogReader.stored(host.client, epoch, id)).map(lineOf);

  test('is told of before the exit that it leads to, once', async () => {
    const events = await host.events();
    await host.create('bursts', { args: ['tail', '/dev/zero'], memoryLimit });
    await events.untilExit('bursts');
    expect(events.linesOf('bursts')).toEqual(['start-container', 'oom', 'exit init 137']);
  });

  test("is told of when it kills a child, or an exec'd process, and the container runs on", async () => {
    const events = await host.events();
    const stdio = host.stdio('feeds');
    await host.create('feeds', { args: feeds, memoryLimit }, stdio.paths);
    for (let round = 1; round <= 3; round += 1) {
      const from = events.position;
      await stdio.stdin.write(`${String(round)}\n`);
      await stdio.stdout.until(`fed ${String(round)} 137\n`);
      await events.untilType('oom', 'feeds', { from });
    }
    await host.client.addProcess({ id: 'feeds', pid: 'extra', args: ['tail', '/dev/zero'], cwd: '/', env: [path] });
    expect((await events.untilExit('feeds', 'extra')).status).toBe(137);
    await host.client.signal('feeds', 9);
    await events.untilExit('feeds');
    expect(events.linesOf('feeds')).toEqual([
      'start-container', 'oom', 'oom', 'oom', 'start-process extra', 'oom', 'exit extra 137', 'exit init 137',
    ]);
  });

  test('is not told of where a container merely ends, or is killed', async () => {
    const events = await host.events();
    const ids = Array.from({ length: 20 }, (_, index) => `ends${String(index)}`);
    await Promise.all(
      ids.map(async (id, index) => {
        await host.create(id, { args: index % 2 === 0 ? ['true'] : ['sleep', '1000'], memoryLimit });
        if (index % 2 === 1) await host.client.signal(id, 9);
        await events.untilExit(id);
      }),
    );
    expect(events.events.filter((event) => event.type === 'oom')).toEqual([]);
  });

  test('200 times at once: 200 times told, and 200 exits, and nobody waits', async () => {
    const events = await host.events();
    const stdio = host.stdio('all');
    const ids = Array.from({ length: 200 }, (_, index) => `many${String(index)}`);
    const script = 'trap "exec tail /dev/zero" USR1; echo ready $0; sleep 1000 & wait';
    const waiting = [...ids];
    const client = async (): Promise<void> => {
      for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
        await host.create(id, { args: ['sh', '-c', script, id], memoryLimit }, { stdout: stdio.paths.stdout });
      }
    };
    await Promise.all(Array.from({ length: 10 }, client));
    for (const id of ids) await stdio.stdout.until(`ready ${id}\n`);
    await Promise.all(ids.map((id) => host.client.signal(id, 10)));
    expect(await host.client.isServing({ deadlineMs: 3000 })).toBe(true);
    // Two hundred runs of the runtime, which take a minute where two processors have much else to do.
    for (const id of ids) await events.untilExit(id, 'init', { deadlineMs: 150_000 });
    for (const id of ids) expect(events.linesOf(id)).toEqual(['start-container', 'oom', 'exit init 137']);
  }, 300_000);

  test('that may kill nobody: that the container hangs is told, once, over restarts too', async () => {
    const events = await host.events();
    const stdio = host.stdio('hangs');
    await host.create('hangs', { args: swells, memoryLimit, disableOOMKiller: true }, stdio.paths);
    await stdio.stdin.write('go\n');
    await events.untilType('oom', 'hangs');
    expect((await host.client.state('hangs')).containers.map(({ status }) => status)).toEqual(['running']);
    for (const signal of ['SIGKILL', 'SIGTERM'] as const) await host.restartDaemon(signal);
    const since = await host.events();
    await host.client.signal('hangs', 9);
    await since.untilExit('hangs');
    expect(await stored('hangs')).toEqual(['start-container', 'oom', 'exit init 137']);
  });

  test('that may kill nobody, while the daemon was down', async () => {
    const stdio = host.stdio('hung');
    await host.create('hung', { args: swells, memoryLimit, disableOOMKiller: true }, stdio.paths);
    await host.stopDaemon('SIGKILL');
    stdio.open();
    await stdio.stdin.write('go\n');
    await host.startDaemon();
    const events = await host.events({ timestamp: epoch });
    await events.untilType('oom', 'hung');
    await host.client.signal('hung', 9);
    await events.untilExit('hung');
    expect(events.linesOf('hung')).toEqual(['start-container', 'oom', 'exit init 137']);
  });

  test.each(['SIGTERM', 'SIGKILL'] as const)('of a child while the daemon was down (%s): told after the restart, once', async (signal) => {
    const id = `feeds-${signal}`;
    const events = await host.events();
    const stdio = host.stdio(id);
    await host.create(id, { args: feeds, memoryLimit }, stdio.paths);
    await stdio.stdin.write('before\n');
    await stdio.stdout.until('fed before 137\n');
    await events.untilType('oom', id);
    await host.stopDaemon(signal);
    stdio.open();
    await stdio.stdin.write('meanwhile\n');
    await stdio.stdout.until('fed meanwhile 137\n');
    await host.startDaemon();
    const since = await host.events({ timestamp: epoch });
    await since.until(() => since.linesOf(id).length === 3, 'the second oom');
    for (let again = 0; again < 2; again += 1) await host.restartDaemon(signal);
    await host.end();
    expect(await stored(id)).toEqual(['start-container', 'oom', 'oom', 'exit init 137']);
  });

  test('of a whole container while the daemon was down: oom, then the exit', async () => {
    const stdio = host.stdio('burst');
    await host.create('burst', { args: bursts, memoryLimit }, stdio.paths);
    const { systemPid } = await host.initOf('burst');
    await host.stopDaemon('SIGKILL');
    stdio.open();
    await stdio.stdin.write('now\n');
    await waitForExit(systemPid);
    await untilExists(join(host.stateDir, 'burst/init/holdfast-deleted'));
    await host.startDaemon();
    const events = await host.events({ timestamp: epoch });
    await events.untilExit('burst');
    expect(events.linesOf('burst')).toEqual(['start-container', 'oom', 'exit init 137']);
  });

  test('of a whole container while neither daemon nor shim was there: oom, then the exit', async () => {
    const stdio = host.stdio('burst-alone');
    await host.create('burst-alone', { args: bursts, memoryLimit }, stdio.paths);
    const { systemPid } = await host.initOf('burst-alone');
    await host.stopDaemon('SIGKILL');
    stdio.open();
    const [shim] = processesNaming(`holdfast-shim --serve ${host.stateDir}`);
    process.kill(shim?.pid ?? 0, 'SIGKILL');
    await waitForExit(shim?.pid ?? 0);
    await stdio.stdin.write('now\n');
    await waitForExit(systemPid);
    await host.startDaemon();
    const events = await host.events({ timestamp: epoch });
    // Whoever has reaped it does not tell how it ended.
    await events.untilExit('burst-alone');
    expect(events.linesOf('burst-alone')).toEqual(['start-container', 'oom', expect.stringMatching(/^exit init (137|255)$/)]);
  });

  test("is told of where another program's shim serves the container", async () => {
    await host.restartDaemon('SIGTERM', { flags: ['--shim', resolve(binDirectory, 'holdfast-shim')] });
    const events = await host.events();
    await host.create('bursts', { args: ['tail', '/dev/zero'], memoryLimit });
    await events.untilExit('bursts');
    expect(events.linesOf('bursts')).toEqual(['start-container', 'oom', 'exit init 137']);
  });

  test('is told of by a daemon that was so busy that the cgroup was removed before it could look', async () => {
    const events = await host.events();
    const stdio = host.stdio('bursts');
    await host.create('bursts', { args: bursts, memoryLimit }, stdio.paths);
    host.daemon.kill('SIGSTOP');
    try {
      await stdio.stdin.write('now\n');
      await untilExists(join(host.stateDir, 'bursts/init/holdfast-deleted'));
    } finally {
      host.daemon.kill('SIGCONT');
    }
    await events.untilExit('bursts');
    expect(events.linesOf('bursts')).toEqual(['start-container', 'oom', 'exit init 137']);
  });
});
