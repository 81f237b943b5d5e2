import { State } from '../../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../../support/agent-host';
import { describeOnHost, realContainers } from '../../support/requires';

describeOnHost('programs with a schedule', realContainers, () => {
  let agent: AgentHost;
  beforeEach(() => { agent = new AgentHost(); });
  afterEach(() => agent.cleanUp());

  test('one waits for its times, also those of the next daemon, and makes up for what was missed once', async () => {
    agent.define('job', [agent.script('job', 'exit 0'), 'schedule = "every 1s"']);
    await agent.startDaemon();
    await agent.until('job', 'two runs', () => agent.starts.length >= 2);
    await agent.host.stopDaemon('SIGKILL');
    const before = agent.starts.length;
    // Longer than three of its times: they are made up for by one run.
    await new Promise((resolve) => { setTimeout(resolve, 3500); });
    expect(agent.starts.length).toBe(before);
    await agent.startDaemon();
    await agent.until('job', 'its next runs', () => agent.starts.length >= before + 2);
    await agent.ask('stop', 'job');
    expect((await agent.until('job', 'its end', ({ state }) => state === State.EXITED || state === State.STOPPED)).reason).toBe('');
  });

  test('one of the calendar has not run before its time, says when that is, and runs when it is asked to', async () => {
    agent.define('yearly', [agent.script('yearly', 'exit 0'), 'schedule = "0 0 29 2 *"']);
    await agent.startDaemon();
    const { state, reason } = await agent.look('yearly');
    expect([state, /^next run in \d+:\d\d:\d\d$/.test(reason)]).toEqual([State.STOPPED, true]);
    await agent.ask('start', 'yearly');
    await agent.untilState('yearly', State.EXITED);
    expect(agent.starts).toEqual(['yearly']);
  });
});
