import { existsSync, readFileSync } from 'node:fs';

import { State } from '../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../support/agent-host';
import { describeOnHost, realContainers } from '../support/requires';

describeOnHost('who hears the signal of a stop', realContainers, () => {
  let agent: AgentHost;
  beforeEach(() => { agent = new AgentHost(); });
  afterEach(() => agent.cleanUp());

  test.each([['group', true], ['process', false]] as const)('kill_mode = "%s": its child does: %s', async (mode, isHeard) => {
    const heard = agent.host.own('heard');
    const child = `trap "echo TERM >> ${heard}; exit 0" TERM; echo ready >> ${agent.host.own('starts')}; while :; do sleep 0.05; done`;
    // Its first process ends when its child has.
    agent.define('web', [`command = ["sh", "-c", '''(${child}) & child=$!; trap "" TERM; wait $child''']`, 'startsecs = 0', 'stopwaitsecs = 0.5', `kill_mode = "${mode}"`]);
    await agent.startDaemon();
    await agent.until('web', 'its child', ({ state }) => state === State.RUNNING && agent.starts.includes('ready'));
    await agent.ask('stop', 'web');
    expect((await agent.look('web')).state).toBe(State.STOPPED);
    expect(existsSync(heard) ? readFileSync(heard, 'utf8') : '').toBe(isHeard ? 'TERM\n' : '');
  });
});
