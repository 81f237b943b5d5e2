import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { ContainersService } from '../../../src/api/gen/containerd/services/containers/v1/containers';
import { TasksService } from '../../../src/api/gen/containerd/services/tasks/v1/tasks';
import { failureOf } from '../../support/failure';
import { processOf } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { sharedRootfs } from '../../support/rootfs';
import { SharedHost } from '../../support/shared-host';
import { TaskHost } from '../../support/task-host';
import type { TestHost } from '../../support/test-host';

const sleep = ['sleep', '1000'];

describeOnHost('tasks of the containerd API', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  let tasks: TaskHost;
  beforeEach(async () => {
    host = await shared.take();
    tasks = new TaskHost(host);
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  /** The daemon is killed and started: clients and streams of before are dead. */
  async function restart(): Promise<void> {
    await host.restartDaemon('SIGKILL');
    tasks = new TaskHost(host);
  }

  test('a task is created, started, ended and deleted one by one, and stays with its status in between', async () => {
    const stdio = host.stdio('web');
    const pid = await tasks.create('web', { args: ['sh', '-c', 'echo up; read line; exit 7'] }, stdio.paths);
    expect(await tasks.get('web')).toMatchObject({ id: 'web', pid, ...stdio.paths, exit_status: 0, exited_at: { seconds: -62_135_596_800n } });
    expect(await tasks.statusOf('web')).toBe('CREATED');
    const ended = tasks.wait('web');
    expect(await tasks.start('web')).toBe(pid);
    await stdio.stdout.until('up\n');
    expect(await tasks.statusOf('web')).toBe('RUNNING');
    await stdio.stdin.write('go\n');
    const { exit_status: status, exited_at: at } = await ended;
    expect(status).toBe(7);
    expect(await tasks.get('web')).toMatchObject({ pid, exit_status: 7, exited_at: at });
    expect(await tasks.statusOf('web')).toBe('STOPPED');
    expect(await tasks.wait('web')).toMatchObject({ exit_status: 7, exited_at: at });
    expect(await tasks.delete('web')).toMatchObject({ id: '', pid, exit_status: 7, exited_at: at });
    expect(await failureOf(tasks.get('web'))).toMatchObject({ code: 5, details: 'task web not found' });
    // Another task of the same container, whose input has come to its end already.
    await tasks.createTask('web');
    await tasks.start('web');
    expect((await tasks.wait('web')).exit_status).toBe(7);
    await tasks.delete('web');
  });

  test('a task that was never started is deleted with the process that waits for it', async () => {
    const pid = await tasks.create('never', { args: sleep });
    const ended = tasks.wait('never');
    expect(await tasks.delete('never')).toMatchObject({ pid, exit_status: 0, exited_at: { seconds: -62_135_596_800n } });
    expect(processOf(pid)).toBeUndefined();
    // Who waited is told what became of it, and not that nobody knows.
    expect((await ended).exit_status).toBe(137);
  });

  test('what a task may not do is refused in the words that clients know, and changes nothing', async () => {
    expect(await failureOf(tasks.get('nobody'))).toMatchObject({ code: 5, details: 'container "nobody" in namespace "tests": not found' });
    await tasks.create('web', { args: sleep });
    expect(await failureOf(tasks.createTask('web'))).toMatchObject({ code: 6, details: 'task web: already exists' });
    await tasks.start('web');
    expect(await failureOf(tasks.start('web'))).toMatchObject({ code: 2, details: 'cannot start a running process: unknown' });
    expect(await failureOf(tasks.delete('web'))).toMatchObject({ code: 2, details: 'failed to delete task: cannot delete a running process: unknown' });
    expect(await failureOf(tasks.kill('web', 9, { execId: 'none' }))).toMatchObject({ code: 5, details: 'process does not exist none: not found' });
    expect(await failureOf(tasks.exec('web', '', ['true']))).toMatchObject({ code: 3, details: 'exec id cannot be empty: invalid argument' });
    expect(await failureOf(tasks.exec('web', 'e', ['true'], { spec: undefined }))).toMatchObject({ code: 3 });
    await tasks.kill('web', 0);
    await tasks.kill('web', 9);
    expect((await tasks.wait('web')).exit_status).toBe(137);
    expect(await failureOf(tasks.kill('web', 9))).toMatchObject({ code: 5, details: 'process already finished: not found' });
    expect(await failureOf(tasks.start('web'))).toMatchObject({ code: 2, details: 'cannot start a stopped process: unknown' });
    await tasks.delete('web');
  });

  test('a command that is not there: the runtime’s own words, and nothing is left', async () => {
    const error = await failureOf(tasks.create('bad', { args: ['/no/such'] }));
    expect(error).toMatchObject({ code: 2, details: expect.stringMatching(/^failed to create shim task: OCI runtime create failed: .*\/no\/such.*no such file or directory.*: unknown$/) as string });
    expect(await failureOf(tasks.get('bad'))).toMatchObject({ code: 5, details: 'task bad not found' });
    expect(existsSync(join(`${host.stateDir}.holdfast`, 'io.containerd.runtime.v2.task', 'tests', 'bad'))).toBe(false);
  });

  test('an exec is registered, started and deleted; one that cannot start stays, and has no end to wait for', async () => {
    await tasks.create('web', { args: sleep });
    await tasks.start('web');
    await tasks.exec('web', 'e1', ['sh', '-c', 'exit 5']);
    expect(await failureOf(tasks.exec('web', 'e1', ['true']))).toMatchObject({ code: 6, details: 'id e1: already exists' });
    expect(await tasks.statusOf('web', 'e1')).toBe('CREATED');
    expect(await failureOf(tasks.kill('web', 9, { execId: 'e1' }))).toMatchObject({ code: 9, details: 'process not created: failed precondition' });
    const ended = tasks.wait('web', 'e1');
    const pid = await tasks.start('web', 'e1');
    const end = await ended;
    expect(end.exit_status).toBe(5);
    expect(await tasks.deleteExec('web', 'e1')).toMatchObject({ id: 'e1', pid, exit_status: 5, exited_at: end.exited_at });
    expect(await failureOf(tasks.deleteExec('web', 'e1'))).toMatchObject({ code: 5, details: 'process does not exist e1: not found' });

    await tasks.exec('web', 'e2', ['/no/such']);
    expect(await failureOf(tasks.start('web', 'e2'))).toMatchObject({ code: 2, details: expect.stringMatching(/^OCI runtime exec failed: .*no such file or directory.*: unknown$/) as string });
    expect(await tasks.statusOf('web', 'e2')).toBe('CREATED');
    expect(await tasks.wait('web', 'e2')).toMatchObject({ exit_status: 0, exited_at: { seconds: -62_135_596_800n } });
    await tasks.deleteExec('web', 'e2');
    await tasks.end('web');
  });

  test('two namespaces may have containers of one name, and the legacy API one more', async () => {
    const others = new TaskHost(host, 'others');
    const pids = [await tasks.create('web', { args: sleep }), await others.create('web', { args: sleep, cgroupsPath: `${host.cgroup}/others` })];
    // A limit that JavaScript's own numbers cannot hold.
    const bundlePath = host.bundle('web', { args: sleep, cgroupsPath: `${host.cgroup}/legacy`, rlimits: [{ type: 'RLIMIT_CORE', soft: 0, hard: 0 }] });
    const config = join(bundlePath, 'config.json');
    writeFileSync(config, readFileSync(config, 'utf8').replace(/"hard": 0/, '"hard": 18446744073709551615'));
    await host.client.create({ id: 'web', bundlePath });
    await tasks.start('web');
    await others.start('web');
    expect(new Set([...pids, (await host.initOf('web')).systemPid]).size).toBe(3);
    expect((await host.client.state()).containers).toHaveLength(1);
    const legacy = new TaskHost(host, 'legacy');
    const { container } = await legacy.ask(ContainersService.get, { id: 'web' });
    expect(Buffer.from(container?.spec?.value ?? []).toString()).toContain('18446744073709551615');
    expect(await legacy.get('web')).toMatchObject({ id: 'web', pid: (await host.initOf('web')).systemPid });
    await tasks.end('web');
    expect(await others.statusOf('web')).toBe('RUNNING');
    await others.end('web');
    await host.end(['web']);
  });

  test('the root file system is mounted for a task, and gone with it', async () => {
    const upper = host.own('upper');
    const work = host.own('work');
    for (const directory of [upper, work]) mkdirSync(directory);
    writeFileSync(join(upper, 'mine'), 'from the upper layer\n');
    const stdio = host.stdio('layered');
    const options = [`lowerdir=${sharedRootfs()}`, `upperdir=${upper}`, `workdir=${work}`];
    await tasks.create('layered', { args: ['cat', '/mine'], rootfs: 'rootfs' }, { ...stdio.paths, rootfs: [{ type: 'overlay', source: 'overlay', target: '', options }] });
    const mounted = (): boolean => readFileSync('/proc/self/mountinfo', 'utf8').includes(`${host.stateDir}.holdfast/io.containerd.runtime.v2.task/tests/layered/rootfs `);
    expect(mounted()).toBe(true);
    await tasks.start('layered');
    await stdio.stdout.until('from the upper layer\n');
    await tasks.wait('layered');
    await tasks.delete('layered');
    expect(mounted()).toBe(false);
  });

  test('a mount that fails fails the task, and leaves nothing', async () => {
    const rootfs = [{ type: 'bind', source: host.own('nowhere'), target: '', options: ['rbind', 'rw'] }];
    expect(await failureOf(tasks.create('bad', { args: sleep, rootfs: 'rootfs' }, { rootfs }))).toMatchObject({ code: 2, details: expect.stringContaining('no such file or directory') as string });
  });

  test('a killed daemon: tasks and execs are as they were, and an end that came meanwhile is known', async () => {
    const created = await tasks.create('created', { args: sleep });
    const running = await tasks.create('running', { args: sleep });
    await tasks.start('running');
    await tasks.exec('running', 'registered', ['sh', '-c', 'exit 3']);
    await tasks.exec('running', 'over', ['sh', '-c', 'exit 4']);
    await tasks.start('running', 'over');
    const over = await tasks.wait('running', 'over');
    await tasks.create('stopped', { args: ['sh', '-c', 'exit 9'] });
    await tasks.start('stopped');
    const stopped = await tasks.wait('stopped');
    const ending = await tasks.create('ending', { args: sleep });
    await tasks.start('ending');
    await host.stopDaemon('SIGKILL');
    process.kill(ending, 'SIGKILL');
    await host.startDaemon();
    tasks = new TaskHost(host);

    expect(await tasks.get('created')).toMatchObject({ pid: created, status: 1 });
    expect(await tasks.get('running')).toMatchObject({ pid: running, status: 2 });
    expect(await tasks.get('stopped')).toMatchObject({ status: 3, exit_status: 9, exited_at: stopped.exited_at });
    expect(await tasks.wait('ending')).toMatchObject({ exit_status: 137 });
    expect(await tasks.wait('running', 'over')).toMatchObject(over);
    expect(await tasks.statusOf('running', 'registered')).toBe('CREATED');
    await tasks.start('running', 'registered');
    expect((await tasks.wait('running', 'registered')).exit_status).toBe(3);
    await tasks.start('created');
    await restart();
    expect(await tasks.statusOf('created')).toBe('RUNNING');
    // What had ended before is found again, and no news.
    expect(host.daemon.log()).not.toContain('process ended');
    for (const id of ['created', 'running', 'stopped', 'ending']) await tasks.end(id);
  });

  test('pause, resume, and the pids of a task', async () => {
    const pid = await tasks.create('web', { args: sleep });
    const target = { container_id: 'web' };
    expect(await failureOf(tasks.ask(TasksService.pause, target))).toMatchObject({ code: 2, details: 'cannot pause task in created state: unknown' });
    await tasks.start('web');
    await tasks.ask(TasksService.pause, target);
    expect(await tasks.statusOf('web')).toBe('PAUSED');
    expect(await failureOf(tasks.delete('web'))).toMatchObject({ details: 'failed to delete task: cannot delete a paused process: unknown' });
    await tasks.ask(TasksService.resume, target);
    await tasks.exec('web', 'e1', sleep);
    const execPid = await tasks.start('web', 'e1');
    const { processes } = await tasks.ask(TasksService.listPids, target);
    expect(processes.map((one) => one.pid).sort()).toEqual([pid, execPid].sort());
    expect(processes.find((one) => one.pid === execPid)?.info?.type_url).toBe('containerd.runc.v1.ProcessDetails');
    await tasks.kill('web', 9, { all: true });
    expect((await tasks.wait('web')).exit_status).toBe(137);
    expect((await tasks.wait('web', 'e1')).exit_status).toBe(137);
    await tasks.delete('web');
  });
});
