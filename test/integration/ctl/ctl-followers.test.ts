import { Ctl } from '../../support/ctl';
import { AgentHost } from '../../support/agent-host';
import { untilExists } from '../../support/files';
import { describeOnHost, realContainers } from '../../support/requires';

describeOnHost('who follows', realContainers, () => {
  let agent: AgentHost;
  let ctl: Ctl;
  beforeEach(() => {
    agent = new AgentHost();
    ctl = new Ctl(agent.host);
  });
  afterEach(async () => {
    ctl.close();
    await agent.cleanUp();
  });

  test('events: whose daemon is killed is told how to go on, and misses nothing then', async () => {
    await agent.startDaemon();
    const events = ctl.start('events', '--since', '1m');
    await agent.host.create('before', { args: ['true'] });
    await events.printed('exit status 0');
    await agent.host.stopDaemon('SIGKILL');
    const { status, stdout, stderr } = await events.ended;
    const [, lastId = ''] = stdout.trim().split('\n').at(-1)?.split(/ +/) ?? [];
    expect({ status, stderr }).toEqual({ status: expect.any(Number) as number, stderr: expect.stringContaining(`holdfastctl events --after ${lastId}  shows what has happened meanwhile`) as string });
    expect(status).not.toBe(0);
    await agent.startDaemon();
    const untilTold = await agent.host.events();
    await agent.host.create('meanwhile', { args: ['sh', '-c', 'exit 4'] });
    await untilTold.untilExit('meanwhile');
    const missed = await ctl.prints('events', '--after', lastId, '--until', 'now');
    expect(missed).toContain('exit status 4');
    expect(missed).not.toContain('before');
  });

  test('events: a range that is no longer kept is an error, not silence', async () => {
    await agent.host.startDaemon({ flags: ['--retain-count=10', ...(agent.daemonOptions.flags ?? [])] });
    const events = await agent.host.events();
    for (let round = 0; round < 50; round += 1) {
      const id = `round${String(round)}`;
      await agent.host.create(id, { args: ['true'] });
      await events.untilExit(id);
    }
    expect(await ctl.run('events', '--after', '1', '--until', 'now')).toEqual({ status: 1, stdout: '', stderr: expect.stringMatching(/^holdfastctl: events before \d+ are no longer kept\n/) as string });
  });

  test('status --watch: whose daemon is killed is told so', async () => {
    agent.define('web', ['command = "sleep 1000"']);
    await agent.startDaemon();
    const watching = ctl.start('status', '--watch', '0.1', '--json');
    await watching.printed('"RUNNING"');
    await agent.host.stopDaemon('SIGKILL');
    expect(await watching.ended).toMatchObject({ status: 4, stderr: expect.stringMatching(/^\{"error":\{"code":"unreachable",/) as string });
  });

  test('tail -f and logs -f: who is slower than the rotation is told how much it has missed, and goes on', async () => {
    const [go, written] = [agent.host.own('go'), agent.host.own('written')];
    const script = `echo begin; while [ ! -e ${go} ]; do sleep 0.01; done; yes 0123456789abcdef | head -c 8000000; : > ${written}; echo end; exec sleep 1000`;
    agent.define('web', [`command = ["sh", "-c", '''${script}''']`], { log: ['max_size = "64k"', 'max_files = 2'] });
    await agent.startDaemon();
    const readers = [ctl.start('tail', '-f', agent.name('web')), ctl.start('logs', '-f', agent.name('web'))];
    for (const reader of readers) {
      await reader.printed('begin\n');
      reader.kill('SIGSTOP');
    }
    agent.write('go', '');
    await untilExists(written);
    for (const reader of readers) reader.kill('SIGCONT');
    for (const reader of readers) {
      await reader.printed('end\n');
      reader.kill('SIGKILL');
      expect((await reader.ended).stderr).toMatch(/^-- about [\d.]+[KM] were rotated away before they could be read --\n/);
    }
  });

  test('one that has not been started yet has written nothing; who follows it gets its first line, over a kill of the daemon', async () => {
    agent.define('web', ['command = ["sh", "-c", "echo first; exec sleep 1000"]', 'autostart = false']);
    await agent.startDaemon();
    const web = agent.name('web');
    expect(await ctl.prints('tail', web)).toBe('\n');
    expect(await ctl.prints('logs', web)).toBe('');
    const tail = ctl.start('tail', '-f', web);
    await tail.printed('==> Press Ctrl-C to exit <==\n');
    await agent.killDaemon();
    await ctl.prints('start', web);
    await tail.printed('first\n');
  });
});
