import { readFileSync, writeFileSync } from 'node:fs';

import { ContainersService, State } from '../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../support/agent-host';
import { Ctl } from '../support/ctl';
import { describeOnHost, realContainers } from '../support/requires';

describeOnHost('secrets of a program', realContainers, () => {
  let agent: AgentHost;
  beforeEach(() => { agent = new AgentHost(); });
  afterEach(() => agent.cleanUp());

  test('one that is a variable is the program\'s, and is nowhere shown', async () => {
    const [secret, got] = ['s3cr3t-word', agent.host.own('got')];
    writeFileSync(agent.host.own('key'), `${secret}\n`);
    agent.define('web', [`command = ["sh", "-c", "echo $KEY > ${got}; exec sleep 1000"]`, `secrets = { KEY = { file = "${agent.host.own('key')}", as = "environment" } }`, 'environment = { OTHER = "plain" }']);
    await agent.startDaemon();
    await agent.untilState('web', State.RUNNING);
    expect(readFileSync(got, 'utf8')).toBe(`${secret}\n`);
    const { containers } = await agent.client.ask(ContainersService.list, { names: [], all_namespaces: true });
    const all = JSON.stringify(containers, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value instanceof Uint8Array ? Buffer.from(value).toString() : value));
    const ctl = new Ctl(agent.host);
    const shown = await Promise.all([['inspect', agent.name('web')], ['why', agent.name('web')], ['events', '--json', '--since', '1h', '--until', 'now'], ['status', '--json']].map(async (args) => (await ctl.run(...args)).stdout));
    for (const text of [all, ...shown, agent.host.daemon.log()]) expect(text).not.toContain(secret);
    expect(shown[0]).toContain('KEY=********');
    expect(shown[0]).toContain('OTHER=plain');
    ctl.close();
  });
});
