import { existsSync } from 'node:fs';

import { State } from '../../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../../support/agent-host';
import { within } from '../../support/deadline';
import { describeOnHost, realContainers } from '../../support/requires';

describeOnHost('programs that wait for each other, whose daemon is killed', realContainers, () => {
  // In the order of a life: the wait is written, what it waits for is up, the wait is over, its own start.
  const faults = ['before-write=kill:2', 'before-write=kill:4', 'before-write=kill:6', 'written=kill:1', 'written=kill:3', 'written=kill:5', 'before-start=kill:2', 'started=kill:2'];

  test.each(faults)('at %s are started once each, and in their order', async (fault) => {
    const agent = new AgentHost();
    try {
      const mark = agent.host.own('struck');
      agent.define('db', [agent.script('db', 'exec sleep 1000'), 'startsecs = 0.2']);
      agent.define('web', [agent.script('web', 'exec sleep 1000'), 'startsecs = 0.2', `depends_on = ["${agent.name('db')}"]`]);
      // It may die before it serves.
      await agent.startDaemon({ HOLDFAST_FAULTS: `daemon.agent.${fault}@${mark}` }).catch(() => undefined);
      await within(agent.host.daemon.exited, 'the end of the daemon');
      expect(existsSync(mark)).toBe(true);
      await agent.startDaemon();
      await agent.untilState('web', State.RUNNING);
      expect((await agent.look('db')).state).toBe(State.RUNNING);
      for (const name of ['db', 'web']) await agent.untilStarted(name, 1);
      expect(agent.starts).toEqual(['db', 'web']);
    } finally {
      await agent.cleanUp();
    }
  });
});
