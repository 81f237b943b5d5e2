import { Ctl } from '../support/ctl';
import { describeOnHost, realContainers } from '../support/requires';
import { TestHost } from '../support/test-host';

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
    const events = ctr.start('events');
    await events.printed('STATUS');
    await ctr.run('containers', 'kill', '--signal', 'KILL', 'redis');
    await events.printed('exit');
    ctr.close();
    await host.cleanUp();
  });

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

  test('events and watch, and the end of a container that is attached to', async () => {
    const watch = ctr.start('containers', 'watch', 'redis');
    const events = ctr.start('events');
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
    const ended = ctr.start('events');
    await ended.printed('STATUS');
    await ctl.prints('containers', 'kill', '-s', 'KILL', 'victim');
    await ended.printed(`victim${' '.repeat(25)}init${' '.repeat(27)}137\n`);
    ended.kill('SIGTERM');
  });
});
