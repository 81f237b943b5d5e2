import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

import { status } from '@grpc/grpc-js';

import { resolveRuntime } from '../../src/runtime/oci/runtime-program';
import { failureOf } from '../support/failure';
import { makeFifo } from '../support/fifo';
import { untilGone } from '../support/files';
import { HangingFileSystem } from '../support/hanging-file-system';
import { untilLogged } from '../support/log-lines';
import { signalExactly } from '../support/processes';
import { RecordingRuntime } from '../support/recording-runtime';
import { describeOnHost, realContainers } from '../support/requires';
import { killShims, shimOf } from '../support/shims';
import { TaskHost } from '../support/task-host';
import { TestHost } from '../support/test-host';
import { until } from '../support/until';
import { expectUntouched, expectWorking } from '../support/untouched';

const sleeper = { args: ['sleep', '1000'] };
/** In the seconds of a deadline: one who waited with the file system would have given one or two, and a machine with much else to do gives twice as many. */
const manyAnswers = 20;

describeOnHost('a file system that hangs', [...realContainers, 'fuse'], () => {
  let host: TestHost;
  let hanging: HangingFileSystem[];
  beforeEach(() => {
    host = new TestHost();
    hanging = [];
  });
  afterEach(async () => {
    for (const one of hanging) await one.close();
    await host.cleanUp();
  });

  const hang = async (path: string): Promise<string> => {
    const made = await HangingFileSystem.on(path);
    hanging.push(made);
    return made.path;
  };

  /** Asks the health service one time after the other until `work` has settled, and leaves the processor to others in between. @returns how often it has answered */
  const answeredDuring = async (work: Promise<unknown>): Promise<number> => {
    let settled = false;
    let answered = 0;
    void work.catch(() => undefined).then(() => { settled = true; });
    while (!settled) {
      expect(await host.client.isServing({ deadlineMs: 5000 })).toBe(true);
      answered += 1;
      await delay(5);
    }
    return answered;
  };

  test('under a bundle costs that start its deadline: all else goes on', async () => {
    await host.startDaemon({ flags: ['--start-timeout=4s'] });
    const place = await hang(host.own('hangs'));
    await host.create('other', sleeper);
    const start = failureOf(host.client.create({ id: 'box', bundlePath: `${place}/bundle` }));
    const answered = answeredDuring(start);
    await expectWorking(host, 'meanwhile');
    expect((await start).details).toMatch(/did not start before the specified timeout/);
    expect(await answered).toBeGreaterThan(manyAnswers);
    expect((await host.client.state()).containers.map(({ id }) => id)).toEqual(['other']);
    await host.end();
  });

  test('under many bundles is asked by two: the others fail before their deadline, and none waits behind them', async () => {
    await host.startDaemon({ flags: ['--start-timeout=4s'] });
    const place = await hang(host.own('hangs'));
    const starts = Array.from({ length: 30 }, (_, at) => failureOf(host.client.create({ id: `box${String(at)}`, bundlePath: `${place}/${String(at)}` })));
    await expectWorking(host, 'meanwhile');
    const failures = (await Promise.all(starts)).map(({ details }) => details);
    expect(failures.filter((one) => /before the specified timeout/.test(one)).length).toBeLessThanOrEqual(2 * 3);
    expect(failures.filter((one) => /config\.json: its file system does not answer/.test(one)).length).toBeGreaterThanOrEqual(30 - 2 * 3);
    await expectWorking(host);
  });

  test('under a root file system costs that start its deadline, and no thread: others start and end', async () => {
    await host.startDaemon({ flags: ['--start-timeout=4s'] });
    const starts: Promise<unknown>[] = [];
    for (const id of ['box1', 'box2', 'box3', 'box4', 'box5']) {
      const bundlePath = host.bundle(id, { ...sleeper, rootfs: await hang(host.own(`hangs-${id}`)) });
      starts.push(failureOf(host.client.create({ id, bundlePath })).then(({ details }) => { expect(details).toMatch(/before the specified timeout/); }));
    }
    const answered = answeredDuring(Promise.all(starts));
    await expectWorking(host, 'meanwhile');
    await Promise.all(starts);
    expect(await answered).toBeGreaterThan(manyAnswers);
    await expectUntouched(host);
    for (const one of hanging.splice(0)) await one.close();
  });

  test('mounted as a task’s root file system costs that creation its deadline: all else goes on, and nothing stays mounted', async () => {
    await host.startDaemon({ flags: ['--start-timeout=4s'] });
    const tasks = new TaskHost(host);
    const rootfs = [{ type: 'bind', source: await hang(host.own('hangs')), target: '', options: ['rbind'] }];
    const creation = failureOf(tasks.create('box', { ...sleeper, rootfs: 'rootfs' }, { rootfs }));
    const answered = answeredDuring(creation);
    await expectWorking(host, 'meanwhile');
    expect((await creation).details).toBe('failed to create shim task: context deadline exceeded: unknown');
    expect(await answered).toBeGreaterThan(manyAnswers);
    await expectUntouched(host);
    expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(`${host.stateDir}.holdfast/io.containerd.runtime.v2.task/tests/box/rootfs `);
  });

  test('under a runtime costs that start its deadline: all else goes on', async () => {
    await host.startDaemon({ flags: ['--start-timeout=4s'] });
    const runtime = `${await hang(host.own('hangs'))}/runc`;
    await host.create('other', sleeper);
    const start = failureOf(host.create('box', sleeper, { runtime }));
    const answered = answeredDuring(start);
    await expectWorking(host, 'meanwhile');
    expect((await start).details).toMatch(/before the specified timeout/);
    expect(await answered).toBeGreaterThan(manyAnswers);
    expect((await host.client.state()).containers.map(({ id }) => id)).toEqual(['other']);
    await host.end();
  });

  test('under the runtime of what runs fails what wants that runtime: restarts, ends and others go on', async () => {
    const flags = ['--start-timeout=4s'];
    await host.startDaemon({ flags });
    const place = host.own('runtimes');
    mkdirSync(place);
    symlinkSync(resolveRuntime('runc', new Map()), join(place, 'runc'));
    await host.create('other', sleeper);
    await host.create('box', sleeper, { runtime: join(place, 'runc'), runtimeArgs: ['--root', host.runtimeRoot] });
    await hang(place);
    const pause = failureOf(host.client.updateContainer({ id: 'box', status: 'paused' }));
    const answered = answeredDuring(pause);
    await expectWorking(host, 'meanwhile');
    expect((await pause).details).toMatch(/did not pause within|does not answer/);
    expect(await answered).toBeGreaterThan(manyAnswers);
    await host.restartDaemon('SIGKILL', { flags });
    expect((await host.client.state()).containers.map(({ id }) => id).sort()).toEqual(['box', 'other']);
    const events = await host.events();
    const from = events.position;
    await host.client.signal('box', 9);
    await expectWorking(host, 'again');
    expect((await events.untilExit('box', 'init', { from })).status).toBe(137);
    events.close();
    for (const one of hanging.splice(0)) await one.close();
    // Nobody could ask it to.
    await host.runtime('delete', 'box');
    await host.end();
  });

  test('under checkpoints fails what asks for them, and nothing else', async () => {
    await host.startDaemon({ flags: ['--start-timeout=4s'] });
    await host.create('box', sleeper);
    const place = await hang(host.own('checkpoints'));
    const checkpoint = { name: 'one', exit: false, tcp: false, unixSockets: false, shell: false, emptyNS: [] };
    const asked = [
      failureOf(host.client.listCheckpoints('box', place)),
      failureOf(host.client.deleteCheckpoint('box', 'one', place)),
      failureOf(host.client.createCheckpoint({ id: 'box', checkpoint, checkpointDir: place })),
      failureOf(host.client.create({ id: 'restored', bundlePath: host.bundle('restored', sleeper), checkpoint: 'one', checkpointDir: place })),
    ];
    const answered = answeredDuring(Promise.all(asked));
    await expectWorking(host, 'meanwhile');
    for (const { details } of await Promise.all(asked)) {
      expect(details).toMatch(/its file system does not answer|before the specified timeout/);
    }
    expect(await answered).toBeGreaterThan(manyAnswers);
    expect((await host.client.state()).containers.map(({ id }) => id)).toEqual(['box']);
    await host.end();
  });

  test('under stdio costs that start or exec its deadline: others have theirs', async () => {
    await host.startDaemon({ flags: ['--start-timeout=4s'] });
    await host.create('other', sleeper);
    const stdout = join(await hang(host.own('hangs')), 'out');
    const asked = [
      failureOf(host.create('box', sleeper, { stdout })),
      failureOf(host.create('terminal', { ...sleeper, terminal: true }, { stdin: stdout, stdout })),
      failureOf(host.client.addProcess({ id: 'other', pid: 'exec', args: ['true'], cwd: '/', env: ['PATH=/bin'], stdout })),
    ];
    const answered = answeredDuring(Promise.all(asked));
    await expectWorking(host, 'meanwhile');
    for (const { details } of await Promise.all(asked)) {
      expect(details).toMatch(/out: its file system does not answer|before the specified timeout/);
    }
    expect(await answered).toBeGreaterThan(manyAnswers);
    expect((await host.client.state()).containers.map(({ id }) => id)).toEqual(['other']);
    await host.end();
  });

  test('under the stdio of what runs keeps no daemon from starting, and no shim from serving others', async () => {
    await host.startDaemon();
    const place = host.own('stdio');
    mkdirSync(place);
    makeFifo(join(place, 'out'));
    await host.create('other', sleeper);
    await host.create('box', sleeper, { stdout: join(place, 'out') });
    await hang(place);
    await host.restartDaemon('SIGKILL');
    expect((await host.client.state()).containers.map(({ id }) => id).sort()).toEqual(['box', 'other']);
    await expectWorking(host, 'first');
    await killShims(host);
    await untilLogged(host, ({ msg, id }) => msg === 'adopted by another shim' && id === 'other', 'the adoption of the other');
    await expectWorking(host, 'second');
    for (const one of hanging.splice(0)) await one.close();
    await untilLogged(host, ({ msg, id }) => msg === 'adopted by another shim' && id === 'box', 'the adoption once it answers');
    await host.end();
  });
});

describeOnHost('a start', realContainers, () => {
  let host: TestHost;
  beforeEach(() => {
    host = new TestHost();
  });
  afterEach(() => host.cleanUp());

  test('has the runtime work in a directory of ours, not in the client’s', async () => {
    await host.startDaemon();
    const runtime = new RecordingRuntime(host.own('runtime'), { create: `pwd > '${host.own('cwd')}'; exit 1` });
    await failureOf(host.create('box', sleeper, { runtime: runtime.path, runtimeArgs: ['--root', host.runtimeRoot] }));
    expect(readFileSync(host.own('cwd'), 'utf8').trim()).toBe(join(host.stateDir, 'box', 'init'));
  });

  test('of a container or of a process is answered at its deadline, also where the shim does not answer at all', async () => {
    // No watchdog ends the shim meanwhile.
    await host.startDaemon({ flags: ['--start-timeout=4s'], env: { HOLDFAST_SHIM_WATCHDOG: '600000,600000' } });
    await host.create('other', sleeper);
    const shim = shimOf(host);
    signalExactly(shim, 'SIGSTOP');
    const refused = [
      failureOf(host.create('box', sleeper)),
      failureOf(host.client.addProcess({ id: 'other', pid: 'exec', args: ['true'], cwd: '/', env: ['PATH=/bin'] })),
    ];
    for (const { details } of await Promise.all(refused)) expect(details).toMatch(/before the specified timeout/);
    // Their names are free when they have been undone.
    expect((await failureOf(host.create('box', sleeper))).code).toBe(status.ALREADY_EXISTS);
    signalExactly(shim, 'SIGCONT');
    for (const dir of ['box', 'other/exec']) await untilGone(join(host.stateDir, dir));
    await until('the other\'s end', async () => (await host.client.state()).containers.length, (count) => count <= 1);
    await expectWorking(host, 'box');
    await host.end();
  });
});
