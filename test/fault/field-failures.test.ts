import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { writeFakeRuntime } from '../support/fake-runtime';
import { binDirectory } from '../support/daemon-process';
import { EventLogReader, lineOf } from '../support/event-log-reader';
import { failureOf } from '../support/failure';
import { FifoReader, makeFifo } from '../support/fifo';
import { untilExists } from '../support/files';
import { processOf, processesNaming, signalExactly, waitForExit } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { killDaemonAndShims, killShims, removeSetAside, shimOf, shimsOf } from '../support/shims';
import { SharedHost } from '../support/shared-host';
import { TestHost } from '../support/test-host';
import { expectUntouched, expectWorking } from '../support/untouched';

const env = ['PATH=/bin'];
const epoch = { seconds: 0n, nanos: 0 };
const sleeper = { args: ['sleep', '1000'] };
/** Answers each line that it reads; ends with the number in a line `exit <number>`. */
const obedient = { args: ['sh', '-c', 'while read word rest; do [ "$word" = exit ] && exit $rest; echo "got $word"; done'] };

/** What the original met in the field, each with the reports that it was known by (moby/moby, containerd/containerd). */
describeOnHost('what went wrong in the field', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  const statusOf = async (id: string): Promise<string | undefined> => (await host.client.state(id)).containers[0]?.status;
  const exec = (id: string, pid: string, args: string[], more = {}) => host.client.addProcess({ id, pid, args, env, cwd: '/', ...more });

  test('1 (moby 30984, 32458): an exec that was cut off before its process.json costs neither the start nor the container', async () => {
    await host.create('box', sleeper);
    const before = await host.initOf('box');
    await host.stopDaemon('SIGKILL');
    mkdirSync(join(host.stateDir, 'box', 'half'));
    await host.startDaemon();
    expect(await host.initOf('box')).toEqual(before);
    expect(removeSetAside(host)).toEqual([]);
    const events = await host.events();
    await exec('box', 'half', ['sh', '-c', 'exit 4']);
    expect((await events.untilExit('box', 'half')).status).toBe(4);
    await host.end();
  });

  test('3 (containerd 580): a reader of its log that goes away does not end it', async () => {
    const fifo = host.own('log');
    makeFifo(fifo);
    await host.stopDaemon();
    const program = host.own('daemon-with-a-reader');
    writeFileSync(program, `#!/bin/sh\nexec '${resolve(binDirectory, 'holdfastd')}' "$@" 2>'${fifo}'\n`);
    chmodSync(program, 0o755);
    const reader = new FifoReader(fifo);
    await host.startDaemon({ program });
    await reader.until('ready');
    reader.close();
    for (const id of ['one', 'two', 'three']) await expectWorking(host, id);
    expect(processOf(host.daemon.pid)).toBeDefined();
  });

  test('5 (moby 26995): an exec whose child keeps its stdio open ends all the same', async () => {
    const events = await host.events();
    await host.create('box', sleeper);
    const stdio = host.stdio('exec');
    await exec('box', 'parent', ['sh', '-c', 'sleep 1000 & echo started; exit 3'], stdio.paths);
    expect((await events.untilExit('box', 'parent')).status).toBe(3);
    await expectWorking(host);
    await host.end(['box']);
    expect(await stdio.stdout.untilEnd()).toBe('started\n');
  });

  test('6 (moby 31487): a start that hangs holds no other one up', async () => {
    const runtime = writeFakeRuntime(host.own('runtime'), 'hangs');
    const caller = new AbortController();
    const bundlePath = host.bundle('slow', sleeper);
    const slow = failureOf(host.client.create({ id: 'slow', bundlePath, runtime }, { signal: caller.signal }));
    await untilExists(`${runtime}.called`);
    for (const id of ['one', 'two', 'three']) await expectWorking(host, id);
    caller.abort();
    await slow;
    await Promise.all(processesNaming(runtime).map((seen) => waitForExit(seen.pid)));
  });

  test('7 (moby 26374): a shim killed while the daemon is down leaves a container that can be stopped', async () => {
    await host.create('box', sleeper);
    await killDaemonAndShims(host);
    await host.startDaemon();
    expect(await statusOf('box')).toBe('running');
    const events = await host.events();
    await host.client.signal('box', 15);
    await host.client.signal('box', 9);
    expect((await events.untilExit('box')).status).toBe(137);
  });

  test('7 (moby 26374): and so it does for a paused one', async () => {
    await host.create('box', sleeper);
    await host.client.updateContainer({ id: 'box', status: 'paused' });
    await killDaemonAndShims(host);
    await host.startDaemon();
    expect(await statusOf('box')).toBe('paused');
    await host.client.updateContainer({ id: 'box', status: 'running' });
    const events = await host.events();
    await host.client.signal('box', 9);
    expect((await events.untilExit('box')).status).toBe(137);
  });

  test('8 (containerd 768): a daemon killed in the middle of a start leaves neither shim nor container', async () => {
    const runtime = writeFakeRuntime(host.own('runtime'), 'start-hangs');
    const runtimeArgs = ['--root', host.runtimeRoot];
    const start = failureOf(host.client.create({ id: 'box', bundlePath: host.bundle('box', sleeper), runtime, runtimeArgs }));
    await untilExists(`${runtime}.called`);
    await host.stopDaemon('SIGKILL');
    await start;
    const called = processesNaming(runtime);
    await host.startDaemon();
    for (const seen of called) signalExactly(seen, 'SIGKILL');
    await expectUntouched(host);
    expect(await EventLogReader.stored(host.client, host.began)).toEqual([]);
    expect(shimsOf(host).length).toBeLessThanOrEqual(1);
    await expectWorking(host, 'box');
  });

  test('9 (moby 25870): a paused container is paused after the second restart too', async () => {
    await host.create('box', sleeper);
    await host.client.updateContainer({ id: 'box', status: 'paused' });
    for (const signal of ['SIGKILL', 'SIGTERM', 'SIGKILL'] as const) {
      await host.restartDaemon(signal);
      expect(await statusOf('box')).toBe('paused');
    }
    await host.client.updateContainer({ id: 'box', status: 'running' });
    expect(await statusOf('box')).toBe('running');
    await host.end();
  });

  test('10 (moby 21933): a service manager that stops the daemon and all that it started takes no container with it', async () => {
    const unit = readFileSync(resolve(__dirname, '../../packaging/holdfast.service'), 'utf8');
    expect(unit).toMatch(/^KillMode=process$/m);
    // And where the unit is another one: its first signal goes to the shim too.
    const stdio = host.stdio('box');
    await host.create('box', obedient, stdio.paths);
    process.kill(shimOf(host).pid, 'SIGTERM');
    await host.restartDaemon();
    stdio.open();
    const events = await host.events();
    await stdio.stdin.write('exit 6\n');
    expect((await events.untilExit('box')).status).toBe(6);
  });

  test('11 (moby 21702): a left-over directory of an id does not keep the id for ever', async () => {
    mkdirSync(join(host.stateDir, 'box', 'init'), { recursive: true });
    await expectWorking(host, 'box');
    expect(removeSetAside(host)).toEqual(['box']);
  });

  test('12 (moby 30095, 31262): no ghosts, and each exit with its own code, over a restart', async () => {
    const codes = [0, 1, 7, 42, 127, 200, 255];
    const ids = codes.map((code) => `exits-${String(code)}`);
    const stdio = ids.map((id) => host.stdio(id));
    for (const [index, id] of ids.entries()) await host.create(id, obedient, stdio[index]?.paths);
    await host.stopDaemon('SIGKILL');
    for (const [index, code] of codes.entries()) await stdio[index]?.open().stdin.write(`exit ${String(code)}\n`);
    await host.startDaemon();
    const events = await host.events({ timestamp: host.began });
    for (const [index, id] of ids.entries()) expect((await events.untilExit(id)).status).toBe(codes[index]);
    expect(ids.map((id) => events.linesOf(id).length)).toEqual(ids.map(() => 2));
    await expectUntouched(host);
  });

  test('13: history survives every restart, and a slow subscriber loses nothing', async () => {
    const slow = host.client.events({ timestamp: host.began });
    slow.on('error', () => undefined);
    slow.pause();
    for (let round = 0; round < 5; round += 1) await expectWorking(host, `round-${String(round)}`);
    const seen = await new Promise<string[]>((done) => {
      const lines: string[] = [];
      slow.on('data', (event: Parameters<typeof lineOf>[0]) => {
        if (lines.push(`${event.id} ${lineOf(event)}`) === 10) done(lines);
      });
      slow.resume();
    });
    slow.cancel();
    const history = async (): Promise<string[]> => (await EventLogReader.stored(host.client, host.began)).map((event) => `${event.id} ${lineOf(event)}`);
    expect(await history()).toEqual(seen);
    for (const signal of ['SIGKILL', 'SIGTERM', 'SIGKILL'] as const) {
      await host.restartDaemon(signal);
      expect(await history()).toEqual(seen);
    }
  });

  test('14: health checks are answered while starts, a hanging runtime and a stopped shim go on', async () => {
    const runtime = writeFakeRuntime(host.own('runtime'), 'hangs');
    await host.create('first', sleeper);
    const caller = new AbortController();
    const hanging = failureOf(host.client.create({ id: 'slow', bundlePath: host.bundle('slow', sleeper), runtime }, { signal: caller.signal }));
    await untilExists(`${runtime}.called`);
    const starts = Promise.all(Array.from({ length: 10 }, (_, index) => host.create(`n${String(index)}`, sleeper)));
    // The client's limit is 3 s, and the third miss is the end of the daemon.
    const during = async (): Promise<void> => {
      for (let check = 0; check < 50; check += 1) expect(await host.client.isServing({ deadlineMs: 3000 })).toBe(true);
    };
    await during();
    await starts;
    const shim = shimOf(host);
    signalExactly(shim, 'SIGSTOP');
    const late = host.create('late', sleeper);
    await during();
    signalExactly(shim, 'SIGCONT');
    await late;
    caller.abort();
    await hanging;
    await host.end([...Array.from({ length: 10 }, (_, index) => `n${String(index)}`), 'first', 'late']);
  });

  test("15: a file that names another program's pid neither keeps the daemon from starting nor harms that program", async () => {
    await host.create('box', sleeper);
    const { systemPid } = await host.initOf('box');
    await killDaemonAndShims(host);
    process.kill(systemPid, 'SIGKILL');
    await waitForExit(systemPid);
    const directory = join(host.stateDir, 'box', 'init');
    writeFileSync(join(directory, 'pid'), String(process.pid));
    writeFileSync(join(host.stateDir, 'holdfast.lock'), `${String(process.pid)}\n`);
    await host.startDaemon();
    const events = await host.events({ timestamp: host.began });
    // The log knows which process it was. The kernel tells of it until whoever has inherited it reaps it, and he does not.
    expect([137, 255]).toContain((await events.untilExit('box')).status);
    await expectWorking(host, 'box');
  });

  test('16 (containerd 330): a FIFO that nobody reads holds up neither the start nor anything else', async () => {
    const [stdin = '', stdout = '', stderr = ''] = ['stdin', 'stdout', 'stderr'].map((name) => {
      const path = host.own(name);
      makeFifo(path);
      return path;
    });
    const events = await host.events();
    await host.create('box', { args: ['sh', '-c', 'echo unread; exit 8'] }, { stdin, stdout, stderr });
    expect((await events.untilExit('box')).status).toBe(8);
    await expectWorking(host);
    // And the late reader gets it, and an end.
    expect(await new FifoReader(stdout).untilEnd()).toBe('unread\n');
    execFileSync('rm', [stdin, stdout, stderr]);
  });

  test('17 (containerd 872): a shim killed while an exec runs takes neither the daemon nor the exec with it', async () => {
    const stdio = host.stdio('exec');
    await host.create('box', sleeper);
    await exec('box', 'runs', obedient.args, stdio.paths);
    const { pid } = host.daemon;
    await killShims(host);
    await stdio.stdin.write('hello\n');
    await stdio.stdout.until('got hello');
    const events = await host.events();
    await stdio.stdin.write('exit 11\n');
    expect((await events.untilExit('box', 'runs')).status).toBe(11);
    expect(processOf(pid)).toBeDefined();
    await host.end();
  });
});

describeOnHost('what went wrong in the field, with the files of a daemon that is new', realContainers, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await TestHost.withDaemon();
  });
  afterEach(() => host.cleanUp());

  test('2 (containerd 1699, moby 35331): a journal that ends in NUL bytes is no reason not to start', async () => {
    await host.stopDaemon();
    const line = JSON.stringify({ id: 'old', type: 'exit', timestamp: '2017-10-17T10:00:00.000000001Z', pid: 'init', status: 9 });
    writeFileSync(join(host.stateDir, 'events.log'), `${line}\n${'\0'.repeat(4096)}`);
    await host.startDaemon();
    const stored = await EventLogReader.stored(host.client, epoch, 'old');
    expect(stored.map(lineOf)).toEqual(['exit init 9']);
    await expectWorking(host);
  });
});

describeOnHost('what went wrong in the field, when memory was short', [...realContainers, 'memory controller'], () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  const hungry = { args: ['tail', '/dev/zero'], memoryLimit: 16 * 1024 * 1024 };

  test('4 (moby 30026, containerd 2750): many OOMs at once block nothing', async () => {
    const events = await host.events();
    const ids = Array.from({ length: 12 }, (_, index) => `hungry${String(index)}`);
    await Promise.all(ids.map((id) => host.create(id, hungry)));
    for (const id of ids) {
      expect((await events.untilExit(id)).status).toBe(137);
      expect(events.linesOf(id)).toEqual(['start-container', 'oom', 'exit init 137']);
    }
    await expectUntouched(host);
    await expectWorking(host);
  });

  test('12 (moby 33192): the exit after an OOM is told, over a restart too', async () => {
    const stdio = host.stdio('hungry');
    await host.create('hungry', { ...hungry, args: ['sh', '-c', 'read line; exec tail /dev/zero'] }, stdio.paths);
    await host.stopDaemon('SIGKILL');
    await stdio.open().stdin.write('\n');
    await host.startDaemon();
    const events = await host.events({ timestamp: host.began });
    expect((await events.untilExit('hungry')).status).toBe(137);
    expect(events.linesOf('hungry').at(-1)).toBe('exit init 137');
    await expectUntouched(host);
  });
});
