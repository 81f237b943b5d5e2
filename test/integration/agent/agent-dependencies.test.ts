import { rmSync, writeFileSync } from 'node:fs';

import { State } from '../../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../../support/agent-host';
import { Ctl } from '../../support/ctl';
import { describeOnHost, realContainers } from '../../support/requires';

describeOnHost('programs that depend on each other', realContainers, () => {
  let agent: AgentHost;
  beforeEach(() => { agent = new AgentHost(); });
  afterEach(() => agent.cleanUp());

  /** Who has started, in that order, as the daemon has it: of shells that write it down themselves one may overtake another. */
  const starts = async (): Promise<readonly string[]> => {
    const ctl = new Ctl(agent.host);
    try {
      const told = await ctl.prints('events', '--until', 'now', '--since', '1h', '--type', 'start-container');
      return told.trim().split('\n').map((line) => line.split(/ +/)[3]?.replace(agent.name(''), '') ?? '');
    } finally {
      ctl.close();
    }
  };

  test('one is started when what it depends on is as it has to be, in the order of the conditions', async () => {
    agent.define('web', [agent.script('web', 'exec sleep 1000'), `depends_on = { ${agent.name('db')} = "running", ${agent.name('migrate')} = "completed" }`]);
    agent.define('migrate', [agent.script('migrate', 'exit 0'), 'oneshot = true', `depends_on = { ${agent.name('db')} = "started" }`]);
    agent.define('db', [agent.script('db', 'exec sleep 1000'), 'startsecs = 0.3']);
    await agent.startDaemon();
    await agent.untilState('web', State.RUNNING);
    expect(await starts()).toEqual(['db', 'migrate', 'web']);
    expect((await agent.look('migrate')).state).toBe(State.EXITED);
  });

  test('one that waits has no process, says what for, goes on waiting after its daemon was killed, and is stopped at once', async () => {
    const gate = agent.host.own('gate');
    // Longer than a shell takes to fail.
    agent.define('db', [agent.script('db', `test -e ${gate} || exit 1; exec sleep 1000`), 'startsecs = 3'], { restart: ['initial = 0.05', 'max = 0.05'] });
    agent.define('web', [agent.script('web', 'exec sleep 1000'), 'startsecs = 0', `depends_on = ["${agent.name('db')}"]`]);
    await agent.startDaemon();
    const waiting = await agent.until('web', 'its wait', ({ state }) => state === State.STARTING);
    expect(waiting.pid).toBe(0);
    expect(waiting.reason).toMatch(new RegExp(`^waiting for ${agent.name('db')} to be RUNNING$`));
    await agent.killDaemon();
    expect((await agent.look('web')).state).toBe(State.STARTING);
    await agent.ask('stop', 'web');
    expect((await agent.look('web')).state).toBe(State.STOPPED);
    writeFileSync(gate, '');
    await agent.untilState('db', State.RUNNING);
    expect((await agent.look('web')).state).toBe(State.STOPPED);
    await agent.ask('start', 'web');
    await agent.untilStarted('web', 1);
    rmSync(gate);
  });

  test('a wait that has come to its end is tried again after a pause', async () => {
    agent.define('db', [agent.script('db', 'exec sleep 1000'), 'autostart = false']);
    agent.define('web', [agent.script('web', 'exec sleep 1000'), 'startsecs = 0', `depends_on = ["${agent.name('db')}"]`, 'dependency_timeout = 0.1'], { restart: ['initial = 0.1', 'max = 0.1'] });
    await agent.startDaemon();
    const late = await agent.untilState('web', State.BACKOFF);
    expect(late.reason).toMatch(/^what it depends on did not come in time, next start in/);
    await agent.ask('start', 'db');
    await agent.untilState('web', State.RUNNING);
    await agent.untilStarted('web', 1);
    expect(agent.starts).toEqual(['db', 'web']);
  });

  test('one starts again with what it depends on, also where its daemon has died in between, and only where it is to', async () => {
    agent.define('db', [agent.script('db', 'exec sleep 1000'), 'startsecs = 0']);
    const dependsOn = `depends_on = { ${agent.name('db')} = "started" }`;
    agent.define('web', [agent.script('web', 'exec sleep 1000'), 'startsecs = 0', dependsOn, 'dependency_restart = true']);
    agent.define('other', [agent.script('other', 'exec sleep 1000'), 'startsecs = 0', dependsOn]);
    await agent.startDaemon();
    const [before, other] = [await agent.untilState('web', State.RUNNING), await agent.untilState('other', State.RUNNING)];
    await agent.ask('restart', 'db');
    const again = await agent.until('web', 'its new start', ({ state, pid }) => state === State.RUNNING && pid !== 0 && pid !== before.pid);
    const { pid } = await agent.look('db');
    await agent.host.stopDaemon('SIGKILL');
    process.kill(pid, 'SIGKILL');
    await agent.startDaemon();
    await agent.until('web', 'its start after the daemon\'s', ({ state, pid }) => state === State.RUNNING && pid !== 0 && pid !== again.pid);
    expect((await agent.look('other')).pid).toBe(other.pid);
    await agent.untilStarted('other', 1);
  });

  test('start brings up what a program waits for, by way of others too, and says so; history has pauses and starts that came to nothing', async () => {
    const [web, api, db, done] = ['web', 'api', 'db', 'done'].map((short) => agent.name(short));
    agent.define('db', [agent.script('db', 'exec sleep 1000'), 'autostart = false', 'startsecs = 0']);
    agent.define('api', [agent.script('api', 'exec sleep 1000'), 'autostart = false', 'startsecs = 0', `depends_on = ["${String(db)}"]`]);
    agent.define('done', [agent.script('done', 'exit 0'), 'oneshot = true']);
    agent.define('web', [agent.script('web', 'exec sleep 1000'), 'autostart = false', 'startsecs = 0', `depends_on = { ${String(api)} = "running", ${String(done)} = "completed" }`]);
    agent.define('none', ['command = "/no/such/program"']);
    agent.define('odd', [agent.script('odd', 'exit 3'), 'startsecs = 0'], { restart: ['initial = "1h"', 'max = "1h"', 'jitter = 0'] });
    await agent.startDaemon();
    await agent.untilState('done', State.EXITED);
    const ctl = new Ctl(agent.host);
    try {
      const { status, stdout } = await ctl.run('start', String(web));
      expect([status, stdout.trimEnd().split('\n').sort()]).toEqual([0, [api, db, web].map((name) => `${String(name)}: started`).sort()]);
      expect((await starts()).filter((name) => name !== 'odd' && name !== 'done')).toEqual(['db', 'api', 'web']);
      await ctl.says('stop', String(web), String(api));
      expect(await ctl.run('start', '--no-dependencies', '--timeout', '0.2', String(web))).toMatchObject({ status: 124, stdout: `${String(web)}: starting\n` });
      expect((await agent.look('api')).state).toBe(State.STOPPED);
      await agent.untilState('odd', State.BACKOFF);
      await agent.untilState('none', State.FATAL);
      const historyOf = async (short: string): Promise<readonly string[]> => (await ctl.says('history', agent.name(short))).trimEnd().split('\n').map((line) => line.replace(/^\S+Z +/, '').replace(/ +/g, ' ').replace(/pid \d+|after .*? s,?/, '…'));
      expect(await historyOf('odd')).toEqual([
        `start ${agent.name('odd')} …`, `end ${agent.name('odd')} exit status 3 …`, `backoff ${agent.name('odd')} Exited unexpectedly (exit status 3), next start in 3600 s`,
      ]);
      expect(await historyOf('none')).toEqual([`fatal ${agent.name('none')} can't find command '/no/such/program'`]);
    } finally {
      ctl.close();
    }
  });
});
