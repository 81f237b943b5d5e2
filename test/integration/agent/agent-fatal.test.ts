import { existsSync, readFileSync } from 'node:fs';

import { State } from '../../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../../support/agent-host';
import { within } from '../../support/deadline';
import { waitForExit } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';

describeOnHost('a program that is given up', realContainers, () => {
  let agent: AgentHost;
  beforeEach(() => { agent = new AgentHost(); });
  afterEach(() => agent.cleanUp());

  test('is told of as JSON on stdin, again where the daemon dies before it knows, and then no more', async () => {
    const [told, mark] = [agent.host.own('told'), agent.host.own('struck')];
    agent.define('web', [agent.script('web', 'exit 3'), 'startsecs = 10', 'startretries = 0', `on_fatal = ["sh", "-c", "cat >> ${told}"]`]);
    const events = (): readonly Record<string, unknown>[] => (existsSync(told) ? readFileSync(told, 'utf8').trim().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>) : []);
    await agent.startDaemon({ HOLDFAST_FAULTS: `daemon.agent.fatal-told=kill@${mark}` });
    await within(agent.host.daemon.exited, 'the end of the daemon');
    expect(events()).toEqual([expect.objectContaining({ event: 'fatal', program: agent.name('web'), state: 'FATAL', reason: 'Exited too quickly (exit status 3)', generation: 1 })]);
    await agent.startDaemon();
    await agent.until('web', 'the second event', () => events().length === 2);
    expect(events()[1]).toEqual(events()[0]);
    await agent.untilState('web', State.FATAL);
    await agent.killDaemon();
    await agent.ask('start', 'web').catch(() => undefined);
    await agent.until('web', 'the event of its second start', () => events().length === 3);
    expect(events()[2]).toMatchObject({ generation: 2 });
  });

  test('may be the end of all: the daemon ends with status 1 once nothing runs, and the next one starts it all again', async () => {
    agent.define('other', [agent.script('other', 'exec sleep 1000'), 'startsecs = 0'], { restart: ['initial = 0.1'] });
    agent.define('web', [agent.script('web', `test -e ${agent.host.own('mended')} || exit 3; exec sleep 1000`), 'startsecs = 10', 'startretries = 0', 'on_fatal = "shutdown"', 'autostart = false'], { restart: ['initial = 0.1', 'max = 0.1'] });
    await agent.startDaemon();
    const { pid } = await agent.until('other', 'its process', (container) => container.state === State.RUNNING && container.pid !== 0);
    await agent.untilStarted('other', 1);
    void agent.ask('start', 'web').catch(() => undefined);
    const { code } = await within(agent.host.daemon.exited, 'the end of all');
    expect(code).toBe(1);
    await waitForExit(pid);
    expect((await agent.host.runDaemonToItsEnd(agent.daemonOptions)).code).toBe(1);
    expect(agent.starts.filter((name) => name === 'web')).toHaveLength(2);
    // or it would be the end of the daemon that has to forget it, too
    agent.write('mended', '');
  });
});
