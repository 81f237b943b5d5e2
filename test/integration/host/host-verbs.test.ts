import { readFileSync } from 'node:fs';

import { TasksService } from '../../../src/api/gen/containerd/services/tasks/v1/tasks';
import { Metrics } from '../../../src/api/gen/containerd/metrics/cgroups-v1';
import { cgroupDirectories } from '../../support/cgroups';
import { ClientStdio } from '../../support/client-stdio';
import { failureOf } from '../../support/failure';
import { HostPrograms } from '../../support/host-programs';
import { processOf } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedHost } from '../../support/shared-host';
import { killDaemonAndShims, killShims } from '../../support/shims';
import { TestHost } from '../../support/test-host';
import { until } from '../../support/until';

const obedient = { args: ['sh', '-c', 'while read word rest; do [ "$word" = exit ] && exit $rest; echo "got $word"; done'] };

describeOnHost('what is done with host programs that run', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  let programs: HostPrograms;
  beforeEach(async () => {
    host = await shared.take();
    programs = new HostPrograms(host);
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  const limit = (controller: string, id: string, file: string): string => readFileSync(`/sys/fs/cgroup/${controller}${host.cgroup}/${id}/${file}`, 'utf8').trim();

  test('one has the limits that were asked for, and others later, without a restart', async () => {
    await programs.run('web', { args: ['sleep', '1000'], resources: { memory: { limit: 64 << 20 }, pids: { limit: 64 }, cpu: { shares: 512 } } });
    expect([limit('memory', 'web', 'memory.limit_in_bytes'), limit('pids', 'web', 'pids.max'), limit('cpu', 'web', 'cpu.shares')]).toEqual([String(64 << 20), '64', '512']);
    const update = (resources: object) => programs.ask(TasksService.update, {
      container_id: 'web', annotations: new Map(), resources: { type_url: 'types.containerd.io/opencontainers/runtime-spec/1/LinuxResources', value: Buffer.from(JSON.stringify(resources)) },
    });
    await update({ memory: { limit: 32 << 20 }, pids: { limit: 0 } });
    expect([limit('memory', 'web', 'memory.limit_in_bytes'), limit('pids', 'web', 'pids.max'), limit('cpu', 'web', 'cpu.shares')]).toEqual([String(32 << 20), 'max', '512']);
    expect((await failureOf(update({ hugepageLimits: [{ pageSize: '2MB', limit: 1 }] }))).message).toContain('a host program cannot have linux.resources.hugepageLimits');
    await programs.end('web');
  });

  test('one that wants more memory than it may have is killed', async () => {
    const stdio = host.stdio('greedy');
    await programs.createProgram('greedy', { args: ['sh', '-c', 'tail /dev/zero; echo "ended with $?"'], resources: { memory: { limit: 16 << 20 } } }, stdio.paths);
    await programs.start('greedy');
    await programs.wait('greedy');
    expect(await stdio.stdout.untilEnd()).toBe('ended with 137\n');
    await programs.delete('greedy');
  });

  test('all of it is paused and resumed, and dies of SIGKILL while it stands', async () => {
    const stdio = host.stdio('box');
    const pid = await programs.run('box', obedient, stdio.paths);
    await programs.ask(TasksService.pause, { container_id: 'box' });
    expect(await programs.statusOf('box')).toBe('PAUSED');
    await stdio.stdin.write('hello\n');
    expect(limit('freezer', 'box', 'freezer.state')).toBe('FROZEN');
    await programs.ask(TasksService.resume, { container_id: 'box' });
    await stdio.stdout.until('got hello\n');
    await programs.ask(TasksService.pause, { container_id: 'box' });
    await programs.end('box');
    expect(processOf(pid)).toBeUndefined();
  });

  test('a signal goes to one process or to all, and its processes and figures are its cgroup\'s', async () => {
    const stdio = host.stdio('many');
    const script = 'trap "echo one" USR1; sh -c \'trap "echo two" USR1; echo ready; while :; do sleep 1000; done\' & while :; do wait; done';
    const pid = await programs.run('many', { args: ['sh', '-c', script] }, stdio.paths);
    await stdio.stdout.until('ready\n');
    await programs.kill('many', 10);
    await stdio.stdout.until('one\n');
    // The last of them is begun after the word.
    const { processes } = await until('two shells and what one waits for', () => programs.ask(TasksService.listPids, { container_id: 'many' }), (all) => all.processes.length === 3);
    expect(processes.map((one) => one.pid)).toContain(pid);
    const { metrics } = await programs.ask(TasksService.metrics, { filters: [] });
    const figures = Metrics.decode(metrics[0]?.data?.value ?? new Uint8Array());
    expect(Number(figures.pids?.current)).toBe(processes.length);
    await programs.kill('many', 9, { all: true });
    expect((await programs.wait('many')).exit_status).toBe(137);
    await programs.delete('many');
    expect(processes.filter((one) => processOf(one.pid) !== undefined)).toEqual([]);
  });

  test('a fork bomb ends with its program', async () => {
    const stdio = host.stdio('bomb');
    await programs.run('bomb', { args: ['sh', '-c', 'f() { f & f & }; f; echo lit; sleep 1000'], resources: { pids: { limit: 200 } } }, stdio.paths);
    await stdio.stdout.until('lit\n');
    await programs.end('bomb');
    expect(cgroupDirectories(host.cgroup).below).toEqual([]);
  });

  test('it is an error to start one twice', async () => {
    await programs.run('web', { args: ['sleep', '1000'] });
    expect((await failureOf(programs.start('web'))).details).toContain('cannot start a running process');
    await programs.end('web');
  });
});

/** The ways in which daemon and shim may die. */
const deaths: readonly (readonly [string, (host: TestHost) => Promise<void>])[] = [
  ['the daemon killed', async (host) => { await host.restartDaemon('SIGKILL'); }],
  ['the shim killed', killShims],
  ['daemon and shim killed at the same moment', async (host) => {
    await killDaemonAndShims(host);
    await host.startDaemon();
  }],
];

describe.each(deaths)('%s', (_name, strike) => {
  describeOnHost('harms no host program', realContainers, () => {
    let host: TestHost;
    beforeEach(async () => {
      host = await TestHost.withDaemon();
    });
    afterEach(async () => {
      for (const client of clients.splice(0)) client.close();
      await host.cleanUp();
    });

    /** A client's ends that stay open whatever dies, as those of a client that lives on do. */
    const clients: ClientStdio[] = [];
    const held = (name: string): ClientStdio => {
      const stdio = new ClientStdio(`${host.directory}/stdio/${name}`, false).open();
      clients.push(stdio);
      return stdio;
    };

    test.each([[false], [true]])('one that runs, one that waits for its start, and an exec go on, and end with their own status; in a pid namespace: %s', async (pidNamespace) => {
      let programs = new HostPrograms(host);
      const [stdio, execStdio, waitingStdio] = [held('box'), held('exec'), held('waits')];
      const pid = await programs.run('box', { ...obedient, pidNamespace }, stdio.paths);
      const execPid = await programs.execProgram('box', 'obeys', obedient, execStdio.paths);
      const waitingPid = await programs.createProgram('waits', { args: ['sh', '-c', 'echo started; exit 23'], pidNamespace }, waitingStdio.paths);
      await strike(host);
      programs = new HostPrograms(host);
      expect([(await programs.get('box')).pid, (await programs.get('box', 'obeys')).pid, (await programs.get('waits')).pid]).toEqual([pid, execPid, waitingPid]);
      expect([await programs.statusOf('box'), await programs.statusOf('waits')]).toEqual(['RUNNING', 'CREATED']);
      for (const { stdin, stdout } of [stdio, execStdio]) {
        await stdin.write('hello\n');
        await stdout.until('got hello\n');
      }
      await programs.start('waits');
      expect((await programs.wait('waits')).exit_status).toBe(23);
      expect(await waitingStdio.stdout.untilEnd()).toBe('started\n');
      await programs.delete('waits');
      await execStdio.stdin.write('exit 21\n');
      expect((await programs.wait('box', 'obeys')).exit_status).toBe(21);
      await programs.deleteExec('box', 'obeys');
      await stdio.stdin.write('exit 22\n');
      expect((await programs.wait('box')).exit_status).toBe(22);
      await programs.delete('box');
    });
  });
});
