import { existsSync, readFileSync } from 'node:fs';

import { TasksService } from '../../../src/api/gen/containerd/services/tasks/v1/tasks';
import { State } from '../../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../../support/agent-host';
import { within } from '../../support/deadline';
import { describeOnHost, realContainers } from '../../support/requires';
import { until } from '../../support/until';

describeOnHost('who hears the signal of a stop', realContainers, () => {
  let agent: AgentHost;
  beforeEach(() => { agent = new AgentHost(); });
  afterEach(() => agent.cleanUp());

  test.each([['group', true], ['process', false]] as const)('kill_mode = "%s": its child does: %s', async (mode, isHeard) => {
    const heard = agent.host.own('heard');
    const child = `trap "echo TERM >> ${heard}; exit 0" TERM; echo ready >> ${agent.host.own('starts')}; while :; do sleep 0.05; done`;
    // Its first process ends when its child has, and is past its trap as well.
    agent.define('web', [`command = ["sh", "-c", '''(${child}) & child=$!; trap "" TERM; echo deaf >> ${agent.host.own('starts')}; wait $child''']`, 'startsecs = 0', `stopwaitsecs = ${isHeard ? '20' : '0.5'}`, `kill_mode = "${mode}"`]);
    await agent.startDaemon();
    await agent.until('web', 'its child', ({ state }) => state === State.RUNNING && ['ready', 'deaf'].every((word) => agent.starts.includes(word)));
    await agent.ask('stop', 'web');
    expect((await agent.look('web')).state).toBe(State.STOPPED);
    expect(existsSync(heard) ? readFileSync(heard, 'utf8') : '').toBe(isHeard ? 'TERM\n' : '');
  });
});

describeOnHost('the task of a run that is over', realContainers, () => {
  let agent: AgentHost;
  beforeEach(() => { agent = new AgentHost(); });
  afterEach(() => agent.cleanUp());

  /** Looks until it is not there. */
  async function untilGone(): Promise<void> {
    const request = { container_id: agent.name('web'), exec_id: '' };
    await until('the task to go', () => agent.client.refusal(TasksService.get, request, 'programs'), (refusal) => refusal.startsWith('5 '));
  }

  test('goes without a next start, also where the daemon dies before that', async () => {
    agent.define('web', [agent.script('web', 'exec sleep 1000'), 'startsecs = 0', 'stopsignal = "KILL"']);
    await agent.startDaemon();
    await agent.untilState('web', State.RUNNING);
    await agent.ask('stop', 'web');
    await untilGone();
    await agent.host.stopDaemon();
    await agent.startDaemon({ HOLDFAST_FAULTS: `daemon.delete.before-abort=kill@${agent.host.own('struck')}` });
    await agent.ask('start', 'web');
    void agent.ask('stop', 'web').catch(() => undefined);
    await within(agent.host.daemon.exited, 'the end of the daemon');
    await agent.startDaemon();
    await agent.untilState('web', State.STOPPED);
    await untilGone();
  });
});
