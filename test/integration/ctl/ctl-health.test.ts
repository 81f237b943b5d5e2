import { rmSync, writeFileSync } from 'node:fs';

import { AgentHost } from '../../support/agent-host';
import { Ctl } from '../../support/ctl';
import { describeOnHost, realContainers } from '../../support/requires';

describeOnHost('holdfastctl shows health', realContainers, () => {
  let agent: AgentHost;
  let ctl: Ctl;
  let gate: string;
  beforeEach(async () => {
    agent = new AgentHost();
    gate = agent.host.own('gate');
    agent.define('db', ['command = ["sleep", "1000"]', 'startsecs = 0'], { health: [`exec = ["test", "-e", "${gate}"]`, 'interval = 0.1', 'start_interval = 0.1', 'retries = 1', 'on_failure = "none"'] });
    agent.define('web', ['command = ["sleep", "1000"]', 'startsecs = 0']);
    writeFileSync(gate, '');
    await agent.startDaemon();
    ctl = new Ctl(agent.host);
  });
  afterEach(async () => {
    ctl.close();
    await agent.cleanUp();
  });

  test('wait --for healthy, status, ps and --strict', async () => {
    const db = agent.name('db');
    expect(await ctl.prints('wait', '--for', 'healthy', db)).toBe('');
    expect(await ctl.says('status', db)).toMatch(/RUNNING {3}pid \d+, uptime \S+, healthy\n$/);
    expect(await ctl.says('ps', '--no-header', '--columns', 'health,restarts', db)).toMatch(/^healthy +0\n$/);
    expect((await ctl.run('status', '--strict')).status).toBe(0);

    rmSync(gate);
    await agent.until('db', 'its being unhealthy', ({ managed }) => managed?.health === 'unhealthy');
    expect(await ctl.says('status', db)).toMatch(/, unhealthy\n$/);
    expect((await ctl.run('status', '--strict')).status).toBe(3);
    expect(await ctl.run('wait', '--for', 'healthy', '--timeout', '0.2', db)).toEqual({
      status: 124, stdout: '', stderr: `holdfastctl: ${db} is not healthy after 0.2 s (unhealthy: the check ended with status 1)\n`,
    });
    const waiting = ctl.start('wait', '--for', 'healthy', db);
    writeFileSync(gate, '');
    expect(await waiting.ended).toEqual({ status: 0, stdout: '', stderr: '' });
    const told = (await ctl.prints('events', '--until', 'now', '--since', '1h', '--type', 'health')).trim().split('\n').map((line) => line.replace(/^\S+ +\d+ +health +\S+ +/, ''));
    expect(told).toEqual(['starting -> healthy', 'healthy -> unhealthy: the check ended with status 1', 'unhealthy -> healthy']);
  });

  test('one without a check is never healthy, and that is said at once', async () => {
    const web = agent.name('web');
    await ctl.prints('wait', '--for', 'running', web);
    expect(await ctl.run('wait', '--for', 'healthy', web)).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining(`${web} has no health check`) as string });
    expect(await ctl.says('status', web)).toMatch(/RUNNING {3}pid \d+, uptime \S+\n$/);
  });
});
