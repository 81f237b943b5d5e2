import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';

import { State } from '../../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../../support/agent-host';
import { Ctl, type RunningCtl } from '../../support/ctl';
import { describeOnHost, realContainers } from '../../support/requires';
import { until } from '../../support/until';

describeOnHost('Ctrl-C in a verb that waits changes nothing, and says what goes on', realContainers, () => {
  let agent: AgentHost;
  let ctl: Ctl;
  /** Does not end by SIGTERM, but once all is over. */
  let stubborn: string;
  beforeEach(async () => {
    agent = new AgentHost();
    stubborn = `trap "" TERM; echo deaf >> ${agent.host.own('starts')}; while [ ! -e ${agent.host.own('over')} ]; do sleep 0.05; done`;
    agent.define('slow', ['command = "sleep 1000"', 'startsecs = 1000', 'autostart = false']);
    for (const name of ['one', 'two']) agent.define(name, [`command = ["sh", "-c", '${stubborn}']`, 'stopwaitsecs = 1000', 'startsecs = 0']);
    agent.define('reloading', ['command = "sleep 1000"', 'startsecs = 0', 'reload_command = ["sleep", "1000"]']);
    await agent.startDaemon();
    ctl = new Ctl(agent.host);
    for (const name of ['one', 'two', 'reloading']) await agent.untilState(name, State.RUNNING);
    await agent.untilStarted('deaf', 2, 'one');
  });
  afterEach(async () => {
    ctl.close();
    writeFileSync(agent.host.own('over'), '');
    await agent.cleanUp();
  });

  const interrupted = async (running: RunningCtl): Promise<string> => {
    running.kill('SIGINT');
    const { status, stderr } = await running.ended;
    expect(status).toBe(130);
    return stderr.replaceAll(agent.name(''), '').replace(/0:16:\d\d/, 'T');
  };
  /** Once it connects: what it does at Ctrl-C is settled before. */
  const connected = async (...args: readonly string[]): Promise<RunningCtl> => {
    const running = ctl.start(...args);
    // Its stdio is three.
    await until('its connection', () => socketsOf(running.pid), (count) => count > 3);
    return running;
  };

  test('start, stop, restart: they go on', async () => {
    const starting = ctl.start('start', agent.name('slow'));
    await agent.untilState('slow', State.STARTING);
    expect(await interrupted(starting)).toBe('holdfastctl: interrupted; slow goes on starting\n');
    expect((await agent.look('slow')).state).toBe(State.STARTING);
    for (const verb of ['stop', 'restart']) {
      const name = verb === 'stop' ? 'one' : 'two';
      const running = ctl.startOnTerminal(verb, agent.name(name));
      await running.printed('(SIGKILL in 0:16:');
      running.send('\u0003');
      const { status, stdout } = await running.ended;
      expect(status).toBe(130);
      expect(stdout.replaceAll(agent.name(''), '')).toMatch(new RegExp(`interrupted; ${name} goes on stopping \\(SIGKILL in 0:16:\\d\\d\\)`));
      expect((await agent.look(name)).state).toBe(State.STOPPING);
    }
    await ctl.run('signal', 'KILL', agent.name('two'));
    await agent.untilState('two', State.RUNNING);
  });

  test('a rolling restart goes no further than to the one that it is at', async () => {
    const rolling = ctl.start('restart', '--rolling', agent.name('one'), agent.name('two'));
    await agent.untilState('one', State.STOPPING);
    expect(await interrupted(rolling)).toBe('holdfastctl: interrupted; one goes on; two left alone\n');
    await ctl.run('signal', 'KILL', agent.name('one'));
    await agent.untilState('one', State.RUNNING);
    expect((await agent.look('two')).state).toBe(State.RUNNING);
  });

  test('update and reload go on', async () => {
    const events = ctl.start('events', '--type', 'reload', '--since', '1h');
    const reloading = ctl.start('reload', agent.name('reloading'));
    await events.printed('reload');
    events.kill('SIGKILL');
    expect(await interrupted(reloading)).toBe('holdfastctl: interrupted; what was asked for goes on\n');
    agent.define('one', [`command = ["sh", "-c", '${stubborn}']`, 'stopwaitsecs = 1000', 'startsecs = 0', 'environment = { NEW = "1" }']);
    const updating = ctl.start('update');
    await agent.untilState('one', State.STOPPING);
    expect(await interrupted(updating)).toBe('holdfastctl: interrupted; the update goes on\n');
    await ctl.run('signal', 'KILL', agent.name('one'));
    await agent.untilState('one', State.RUNNING);
  });

  test('what looks on: nothing was asked for', async () => {
    expect(await interrupted(await connected('wait', agent.name('one')))).toBe('holdfastctl: interrupted; one goes on\n');
    expect(await interrupted(await connected('wait', '--for', 'stopped', agent.name('one')))).toBe('holdfastctl: interrupted; one goes on\n');
    const lookers = [['stats', '--json'], ['top', '--json'], ['status', '--watch', '--json'], ['ps', '--watch', '--json'], ['why', agent.name('one'), '--watch', '--json'], ['events', '--since', '1h']];
    for (const args of lookers) {
      const looking = ctl.start(...args);
      await looking.printed('one');
      expect(await interrupted(looking)).toBe('');
    }
    expect((await agent.look('one')).state).toBe(State.RUNNING);
  });
});

/** How many sockets a process has. */
function socketsOf(pid: number): number {
  const directory = `/proc/${String(pid)}/fd`;
  return readdirSync(directory).filter((fd) => {
    try {
      return readlinkSync(`${directory}/${fd}`).startsWith('socket:');
    } catch {
      // It was open for a moment.
      return false;
    }
  }).length;
}
