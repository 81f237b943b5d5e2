import { readFileSync } from 'node:fs';

import { Ctl, type RunningCtl } from '../../support/ctl';
import { RecordingRuntime } from '../../support/recording-runtime';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';

describeOnHost('the command line under the name docker-containerd-ctr', realContainers, () => {
  let host: TestHost;
  let ctr: Ctl;
  let bundle: string;
  beforeAll(async () => {
    host = await TestHost.withDaemon();
    ctr = new Ctl(host, 'docker-containerd-ctr');
    bundle = host.bundle('redis', { args: ['sleep', '1000'] });
    await ctr.prints('containers', 'start', '--label', 'a=b', 'redis', bundle);
  });
  afterAll(async () => {
    const events = following();
    await events.printed('STATUS');
    await ctr.run('containers', 'kill', '--signal', 'KILL', 'redis');
    await events.printed('exit');
    ctr.close();
    await host.cleanUp();
  });

  /** It prints its heading before it has subscribed: it asks for what it may have missed by then. */
  const following = (): RunningCtl => ctr.start('events', '-t', new Date().toISOString());

  /** Ends a container; resolves once that is told. */
  const killed = async (id: string): Promise<void> => {
    const events = following();
    await events.printed('STATUS');
    await ctr.prints('containers', 'kill', '-s', 'KILL', id);
    await events.printed(`${id.padEnd(31)}init${' '.repeat(27)}137\n`);
    events.kill('SIGTERM');
  };

  test('what is missing is said in its words', async () => {
    expect(await ctr.run('containers', 'start')).toEqual({ status: 1, stdout: '', stderr: '[ctr] bundle path cannot be empty\n' });
    expect(await ctr.run('containers', 'kill')).toEqual({ status: 1, stdout: '', stderr: '[ctr] container id cannot be empty\n' });
    expect(await ctr.run('checkpoints', 'delete', 'redis')).toEqual({ status: 1, stdout: '', stderr: '[ctr] checkpoint name cannot be empty\n' });
    expect(await ctr.run('containers', 'kill', 'nosuch')).toEqual({ status: 1, stdout: '', stderr: '[ctr] containerd: container not found\n' });
    expect(await ctr.run('--address', host.own('nobody'), 'version')).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/^\[ctr\] unix:.*nobody no such file\n$/) as string });
  });

  test('containers: list, pause and resume, state, stats, limits', async () => {
    const listed = (status: string): string => [['ID', 'PATH', 'STATUS', 'PROCESSES'], ['redis', bundle, status, 'init']]
      .map(([id = '', path = '', state = '', processes = '']) => `${id.padEnd(20)}${path.padEnd(Math.max(20, bundle.length + 3))}${state.padEnd(20)}${processes}\n`).join('');
    expect(await ctr.prints('containers', 'list')).toBe(listed('running'));
    await ctr.prints('containers', 'pause', 'redis');
    expect(await ctr.prints('containers')).toBe(listed('paused'));
    await ctr.prints('containers', 'resume', 'redis');
    await ctr.prints('containers', 'update', '--memory-limit', '64m', '--pids-limit', '50', 'redis');
    const stats = JSON.parse(await ctr.prints('containers', 'stats', 'redis')) as { readonly cgroup_stats: { readonly memory_stats: { readonly usage: { readonly limit: number } } } };
    expect(stats.cgroup_stats.memory_stats.usage.limit).toBe(64 << 20);
    expect(JSON.parse(await ctr.prints('containers', 'state', 'redis'))).toMatchObject({ containers: [{ id: 'redis', status: 'running', labels: ['a=b'] }] });
    expect(await ctr.prints('version')).toMatch(/^daemon version \d+\.\d+\.\d+ commit: .+\n$/);
  });

  test("exec: what stands behind the command is the command's; its status is passed on", async () => {
    expect(await ctr.run('containers', 'exec', '--id', 'redis', '--pid', 'x', '--attach', 'sh', '-c', 'echo -e out; exit 6')).toEqual({ status: 6, stdout: 'out\n', stderr: '' });
    const shell = ctr.startOnTerminal('containers', 'exec', '--id', 'redis', '--pid', 'y', '-t', '-a', 'sh');
    shell.send('tty; exit 3\n');
    expect(await shell.ended).toMatchObject({ status: 3, stdout: expect.stringContaining('/dev/pts/') as string });
  });

  test("exec: what is said of its directory, variables and user, and the rest as of the first process", async () => {
    const said = ['--cwd', '/tmp', '--env', 'A=1', '-e', 'B=2', '--uid', '5', '--gid', '6'];
    expect(await ctr.run('containers', 'exec', '--id', 'redis', '--pid', 'z', '-a', ...said, 'sh', '-c', 'pwd; echo $A $B; id -u; id -g')).toEqual({ status: 0, stdout: '/tmp\n1 2\n5\n6\n', stderr: '' });
    // Nobody is attached: it is told by its end.
    await ctr.prints('containers', 'exec', '--id', 'redis', '--pid', 'alone', 'sleep', '1000');
    const events = following();
    await events.printed('STATUS');
    expect(await ctr.prints('containers', 'list')).toContain('init,alone');
    await ctr.prints('containers', 'kill', '--pid', 'alone', '--signal', 'SIGKILL', 'redis');
    await events.printed(`alone${' '.repeat(26)}137\n`);
    events.kill('SIGTERM');
  });

  test('update: each limit is the one that is named so', async () => {
    const runtime = new RecordingRuntime(host.own('limits'));
    await ctr.prints('containers', 'start', '-r', runtime.path, '--runtime-args=--root', `--runtime-args=${host.runtimeRoot}`, '--no-pivot', 'limited', host.bundle('limited', { args: ['sleep', '1000'] }));
    expect(runtime.calls('create')).toEqual([expect.stringContaining('--no-pivot') as string]);
    await ctr.prints('containers', 'update', '--memory-limit', '64m', '--memory-reservation', '32m', '--memory-swap', '128m', '--cpu-shares', '512', '--cpu-quota', '50000', '--cpu-period', '100000',
      '--blkio-weight', '100', '--cpuset-cpus', '0', '--cpuset-mems', '0', '--pids-limit', '40', '--kernel-limit', '48m', '--kernel-tcp-limit', '24m', 'limited');
    expect(JSON.parse(runtime.input)).toMatchObject({
      memory: { limit: 64 << 20, reservation: 32 << 20, swap: 128 << 20, kernel: 48 << 20, kernelTCP: 24 << 20 },
      cpu: { shares: 512, quota: 50_000, period: 100_000, cpus: '0', mems: '0' },
      blockIO: { weight: 100 },
    });
    expect(await ctr.run('containers', 'update', '--cpu-quota', 'much', 'limited')).toMatchObject({ status: 1, stdout: '' });
    await killed('limited');
  });

  test('checkpoints: made as is asked, listed, started from, deleted', async () => {
    // criu is older than some kernels: this runtime only says that it made them, and starts anew.
    const runtime = new RecordingRuntime(host.own('checkpointing'), { checkpoint: 'exit', restore: 'echo "$*" >> "$0.restores"; exit 1' });
    const [place, box] = [host.own('checkpoints'), host.bundle('box', { args: ['sleep', '1000'] })];
    const runtimeFlags = ['--runtime', runtime.path, '--runtime-args=--root', `--runtime-args=${host.runtimeRoot}`];
    await ctr.prints('containers', 'start', ...runtimeFlags, 'box', box);
    await ctr.prints('checkpoints', 'create', '--checkpoint-dir', place, 'box', 'one');
    await ctr.prints('checkpoints', 'create', '--checkpoint-dir', place, '--tcp', '--unix-sockets', '--shell', '--exit', '--empty-ns', 'network', 'box', 'two');
    expect(runtime.calls('checkpoint')).toEqual([
      expect.stringMatching(/ --leave-running box$/) as string,
      expect.stringMatching(/ --shell-job --tcp-established --ext-unix-sk --empty-ns network box$/) as string,
    ]);
    const rows = (...lines: readonly (readonly string[])[]): string => [['NAME', 'TCP', 'UNIX SOCKETS', 'SHELL'], ...lines].map((cells) => `${cells.slice(0, -1).map((cell) => cell.padEnd(20)).join('')}${cells.at(-1) ?? ''}\n`).join('');
    const [one, two] = [['one', 'false', 'false', 'false'], ['two', 'true', 'true', 'true']];
    expect(await ctr.prints('checkpoints', 'list', '--checkpoint-dir', place, 'box')).toBe(rows(one, two));
    expect(await ctr.prints('checkpoints', '--checkpoint-dir', place, 'box')).toBe(rows(one, two));
    expect(await ctr.prints('checkpoints', 'list', 'box')).toBe(rows());
    await ctr.run('containers', 'start', ...runtimeFlags, '--checkpoint', 'one', '--checkpoint-dir', place, 'again', box);
    expect(readFileSync(`${runtime.path}.restores`, 'utf8')).toContain(`--image-path ${place}/one`);
    await ctr.prints('checkpoints', 'delete', '--checkpoint-dir', place, 'box', 'one');
    expect(await ctr.prints('checkpoints', 'list', '--checkpoint-dir', place, 'box')).toBe(rows(two));
    await killed('box');
  });

  test('its own version, and help where nothing is asked', async () => {
    expect(await ctr.prints('--version')).toMatch(/^docker-containerd-ctr version \d+\.\d+\.\d+\n$/);
    expect(await ctr.prints()).toMatch(/^Usage: docker-containerd-ctr /);
  });

  test('events and watch, and the end of a container that is attached to', async () => {
    const watch = ctr.start('containers', 'watch', 'redis');
    const events = following();
    await events.printed('TIME                           TYPE');
    await watch.printed('STATUS');
    const short = host.bundle('short', { args: ['sh', '-c', 'echo hello; exit 7'] });
    expect(await ctr.run('containers', 'start', '--attach', 'short', short)).toEqual({ status: 7, stdout: 'hello\n', stderr: '' });
    await events.printed(`exit${' '.repeat(27)}short${' '.repeat(26)}init${' '.repeat(27)}7\n`);
    await ctr.prints('containers', 'pause', 'redis');
    await watch.printed('pause');
    await ctr.prints('containers', 'resume', 'redis');
    await events.printed('resume');
    const since = ctr.start('events', '-t', '2020-01-01T00:00:00Z');
    await since.printed('start-container');
    for (const running of [watch, events, since]) running.kill('SIGTERM');
    expect((await watch.ended).stdout).not.toContain('short');
  });

  test('holdfastctl has them, too, and -s of kill is a signal there', async () => {
    const ctl = new Ctl(host);
    await ctr.prints('containers', 'start', 'victim', host.bundle('victim', { args: ['sleep', '1000'] }));
    const ended = following();
    await ended.printed('STATUS');
    await ctl.prints('containers', 'kill', '-s', 'KILL', 'victim');
    await ended.printed(`victim${' '.repeat(25)}init${' '.repeat(27)}137\n`);
    ended.kill('SIGTERM');
  });
});
