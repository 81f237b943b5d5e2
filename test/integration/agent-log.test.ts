import { existsSync, readFileSync, statSync } from 'node:fs';

import { State } from '../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../support/agent-host';
import { Ctl } from '../support/ctl';
import { describeOnHost, realContainers } from '../support/requires';

describeOnHost('output of programs that goes to files of their definition', realContainers, () => {
  let agent: AgentHost;
  beforeEach(() => { agent = new AgentHost(); });
  afterEach(() => agent.cleanUp());

  const talking = (of: string): string => `command = ["sh", "-c", "echo out of ${of}; echo err of ${of} >&2; exec sleep 1000"]`;

  test('each is made where it is not there, with its directories, and written on where it is; also over a restart of the daemon', async () => {
    const [out, err] = [agent.host.own('logs/deep/web 100%.out'), agent.host.own('logs/deep/web.err')];
    agent.define('web', [talking('web')], { log: [`stdout = "${out}"`, `stderr = "${err}"`] });
    await agent.startDaemon();
    const { pid } = await agent.untilState('web', State.RUNNING);
    await agent.until('web', 'its output', () => existsSync(err) && readFileSync(err, 'utf8') !== '');
    expect([out, err].map((path) => readFileSync(path, 'utf8'))).toEqual(['out of web\n', 'err of web\n']);
    // Nobody else's to write.
    expect(statSync(out).mode & 0o777).toBe(0o644);
    await agent.host.restartDaemon('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await agent.until('web', 'the output of its second run', () => readFileSync(err, 'utf8').split('\n').length === 3);
    expect([out, err].map((path) => readFileSync(path, 'utf8'))).toEqual(['out of web\nout of web\n', 'err of web\nerr of web\n']);
  });

  test('both into one file', async () => {
    const both = agent.host.own('both.log');
    agent.define('web', [talking('web')], { log: [`stdout = "${both}"`, `stderr = "${both}"`] });
    await agent.startDaemon();
    await agent.untilState('web', State.RUNNING);
    await agent.until('web', 'both lines', () => readFileSync(both, 'utf8').split('\n').length === 3);
    expect(readFileSync(both, 'utf8').trimEnd().split('\n').sort()).toEqual(['err of web', 'out of web']);
  });

  test('where the daemon itself writes, that of each run\'s own time', async () => {
    agent.define('web', [talking('web')], { log: ['stdout = "inherit"', 'stderr = "inherit"'] });
    await agent.startDaemon();
    const said = (): boolean => /^out of web$/m.test(agent.host.daemon.log()) && /^err of web$/m.test(agent.host.daemon.log());
    const { pid } = await agent.untilState('web', State.RUNNING);
    await agent.until('web', 'its output', said);
    await agent.killDaemon();
    expect((await agent.untilState('web', State.RUNNING)).pid).toBe(pid);
    const [before] = [agent.host.daemon.log().match(/^out of web$/mg)?.length ?? 0];
    process.kill(pid, 'SIGKILL');
    await agent.until('web', 'the output of its second run', () => (agent.host.daemon.log().match(/^out of web$/mg)?.length ?? 0) > before);
  });

  test('lines beyond a rate are dropped, and logs says how many', async () => {
    const ctl = new Ctl(agent.host);
    try {
      agent.define('web', ['command = ["sh", "-c", "seq 1000; exec sleep 1000"]'], { log: ['rate = { lines = 3, per = "500ms" }', 'max_age = "1h"'] });
      await agent.startDaemon();
      await agent.untilState('web', State.RUNNING);
      const logs = async (): Promise<string> => (await ctl.run('logs', agent.name('web'))).stdout;
      let text = await logs();
      while (!text.includes('holdfast: 997')) text = await logs();
      expect(text).toBe('1\n2\n3\nholdfast: 997 lines were dropped here: more than 3 in 500ms\n');
    } finally {
      ctl.close();
    }
  });
});
