import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';

import { State } from '../../../src/api/gen/holdfast/v1/containers';
import type { AgentHost } from '../../support/agent-host';
import { bindMount } from '../../support/bind-mount';
import { Ctl } from '../../support/ctl';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedAgent } from '../../support/shared-agent';
import { until } from '../../support/until';

/** Without those at the places of other tests, which come and go beside this one. */
const mountsOfHost = ({ host }: AgentHost): readonly string[] =>
  readFileSync('/proc/self/mountinfo', 'utf8').split('\n').filter((line) => !line.includes(` ${tmpdir()}/holdfast-`) || line.includes(` ${host.directory}/`));

describeOnHost('host programs with mounts of their own', realContainers, () => {
  const shared = new SharedAgent();
  let agent: AgentHost;
  let ctl: Ctl;
  beforeEach(async () => {
    agent = await shared.take();
    ctl = new Ctl(agent.host);
  });
  afterEach(async () => {
    ctl.close();
    await shared.giveBack();
  });
  afterAll(() => shared.close());

  const facts = async (short: string): Promise<readonly string[]> =>
    (await until('all facts', async () => (await ctl.run('logs', agent.name(short))).stdout.split('\n').slice(0, -1), (lines) => lines.at(-1) === 'end')).slice(0, -1);

  test.each([[''], ['pid_namespace = true']])('its /tmp is its own and in memory, also to what is executed in it, and gone with it; the host\'s mounts stay as they are %s', async (also) => {
    const mine = `holdfast-own-${agent.name('web')}`;
    const script = `touch /tmp/${mine} && ls /tmp; stat -fc %T /tmp /var/tmp; stat -c %a /tmp; id -u; echo end; exec sleep 1000`;
    const before = mountsOfHost(agent);
    agent.define('web', [`command = ["sh", "-c", "${script}"]`, 'private_tmp = true', 'user = "nobody"', also], { health: [`exec = ["test", "-e", "/tmp/${mine}"]`, 'interval = 0.1'] });
    await agent.takeUp();
    await agent.until('web', 'its check', ({ state, reason }) => state === State.RUNNING && !reason.includes('check'));
    expect(await facts('web')).toEqual([mine, 'tmpfs', 'tmpfs', '1777', '65534']);
    expect(await ctl.prints('exec', agent.name('web'), '--', 'ls', '/tmp')).toBe(`${mine}\n`);
    await agent.killDaemon();
    expect(await ctl.prints('exec', agent.name('web'), '--', 'ls', '/tmp')).toBe(`${mine}\n`);
    expect(existsSync(`/tmp/${mine}`)).toBe(false);
    expect(mountsOfHost(agent)).toEqual(before);
  });

  test('it cannot write to read_only_paths, nor to what is mounted below one, and can elsewhere', async () => {
    const [sealed, open] = [agent.host.own('sealed dir'), agent.host.own('open')];
    for (const path of [sealed, `${sealed}/below`, open]) mkdirSync(path);
    const unmount = bindMount(open, `${sealed}/below`);
    try {
      writeFileSync(`${sealed}/file`, '');
      const tries = [`${sealed}/new`, `${sealed}/file`, `${sealed}/below/new`, `${open}/new`].map((path) => `(echo x >'${path}') 2>/dev/null && echo yes || echo no`);
      agent.define('web', [`command = ["sh", "-c", """${tries.join('; ')}; echo end; exec sleep 1000"""]`, `read_only_paths = ["${sealed}"]`]);
      await agent.takeUp();
      await agent.untilState('web', State.RUNNING);
      expect(await facts('web')).toEqual(['no', 'no', 'no', 'yes']);
      expect((await ctl.run('exec', agent.name('web'), '--', 'touch', `${sealed}/new`)).status).not.toBe(0);
      writeFileSync(`${sealed}/below/host`, 'the host can');
    } finally {
      unmount();
    }
  });

  test('with all of it read-only its own /tmp is what it can write to', async () => {
    const tries = [agent.host.own('new'), '/run/new', '/tmp/new', '/dev/null'].map((path) => `(echo x >${path}) 2>/dev/null && echo yes || echo no`);
    agent.define('web', [`command = ["sh", "-c", """${tries.join('; ')}; echo end; exec sleep 1000"""]`, 'read_only_paths = ["/"]', 'private_tmp = true']);
    await agent.takeUp();
    await agent.untilState('web', State.RUNNING);
    expect(await facts('web')).toEqual(['no', 'no', 'yes', 'yes']);
  });

  test('what cannot be had is why it does not start', async () => {
    agent.define('web', ['command = "sleep 1000"', 'read_only_paths = ["/nowhere/at all"]']);
    agent.define('told', ['command = "sleep 1000"', 'private_tmp = true', 'ready = "notify"']);
    await agent.takeUp();
    const { reason } = await agent.until('web', 'its failure', ({ state }) => state === State.BACKOFF);
    expect(reason).toContain('read-only path /nowhere/at all: no such file or directory');
    expect((await agent.until('told', 'its failure', ({ state }) => state === State.BACKOFF)).reason).toContain('private_tmp: /tmp/');
  });
});
