import { writeFileSync } from 'node:fs';

import { State } from '../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../support/agent-host';
import { within } from '../support/deadline';
import { describeOnHost, realContainers } from '../support/requires';

/** As listeners are written for supervisord: with its own library, and ending where it has not started them. The second event is refused once. */
const script = `
import os, sys
from supervisor import childutils

if 'SUPERVISOR_SERVER_URL' not in os.environ:
    sys.exit('not started by supervisord')
told = open(sys.argv[1], 'a', buffering=1)
try:
    childutils.getRPCInterface(os.environ).supervisor.getState()
except OSError:
    told.write('nobody answers\\n')
count = 0
while True:
    headers, payload = childutils.listener.wait()
    fields, data = childutils.eventdata(payload + '\\n')
    count += 1
    told.write('%s %s %s %s\\n' % (headers['eventname'], headers['serial'], fields['processname'], fields.get('expected', '')))
    childutils.listener.fail() if count == 2 else childutils.listener.ok()
`;

describeOnHost("a listener written with supervisord's own library", [...realContainers, 'supervisord'], () => {
  test('is told of each event, and again of the one that it refuses; whom it asks back is not there, and it is told so', async () => {
    const agent = new AgentHost();
    try {
      const [path, told] = [agent.host.own('listener.py'), agent.host.own('told')];
      writeFileSync(path, script);
      // Debian's, which has Debian's library.
      agent.write('programs/ears.toml', `[eventlistener.${agent.name('ears')}]\ncommand = ["/usr/bin/python3", "-u", "${path}", "${told}"]\nevents = ["PROCESS_STATE_EXITED"]\n`);
      agent.define('web', ['command = "sh -c \'exit 3\'"', 'startsecs = 0', 'autostart = false', 'autorestart = "never"']);
      await agent.startDaemon();
      await agent.untilState('ears', State.RUNNING);
      const wait = async (count: number): Promise<void> => { while (agent.lines('told').length < count) await agent.look('ears'); };
      const until = (count: number): Promise<void> => within(wait(count), `${String(count)} lines`, undefined, () => `${agent.lines('told').join('\n')}\n${agent.host.daemon.log()}`);
      for (const count of [2, 4]) {
        await agent.ask('start', 'web');
        await until(count);
      }
      const [first, ...events] = agent.lines('told');
      expect(first).toBe('nobody answers');
      const serials = events.map((line) => line.split(' ')[1] ?? '');
      expect(events).toEqual(serials.map((serial) => `PROCESS_STATE_EXITED ${serial} ${agent.name('web')} 0`));
      expect(serials[2]).toBe(serials[1]);
      expect(serials[1]).not.toBe(serials[0]);
    } finally {
      await agent.cleanUp();
    }
  });
});
