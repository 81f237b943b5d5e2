import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, statSync, statfsSync, writeFileSync } from 'node:fs';

import { ContainersService, State } from '../../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../../support/agent-host';
import { Ctl } from '../../support/ctl';
import { describeOnHost, realContainers } from '../../support/requires';

/** statfs(2) */
const tmpfs = 0x01021994;

describeOnHost('secrets of a program', realContainers, () => {
  let agent: AgentHost;
  beforeEach(() => { agent = new AgentHost(); });
  afterEach(() => agent.cleanUp());

  test('one that is a file is in memory, its user\'s alone, byte for byte, written anew at each start, and gone with its end', async () => {
    const [key, at] = [agent.host.own('key'), agent.host.own('at')];
    const bytes = Buffer.from([0, 255, 10, 13, 128]);
    writeFileSync(key, bytes);
    agent.define('web', [`command = ["sh", "-c", "echo $CREDENTIALS_DIRECTORY > ${at}.new; mv ${at}.new ${at}; exec sleep 1000"]`, `secrets = { KEY = "${key}" }`, 'user = "nobody"']);
    chmodSync(agent.host.directory, 0o711);
    chmodSync(agent.host.own('.'), 0o777);
    await agent.startDaemon();
    await agent.until('web', 'its directory', ({ state }) => state === State.RUNNING && existsSync(at));
    const directory = readFileSync(at, 'utf8').trim();
    expect(readFileSync(`${directory}/KEY`)).toEqual(bytes);
    const nobody = Number(execFileSync('id', ['-u', 'nobody'], { encoding: 'utf8' }));
    expect([statSync(directory), statSync(`${directory}/KEY`)].map(({ uid, mode }) => [uid, mode & 0o777])).toEqual([[nobody, 0o500], [nobody, 0o400]]);
    expect(statfsSync(directory).type).toBe(tmpfs);
    await agent.killDaemon();
    expect(readFileSync(`${directory}/KEY`)).toEqual(bytes);
    writeFileSync(key, 'another');
    await agent.ask('restart', 'web');
    expect(readFileSync(`${directory}/KEY`, 'utf8')).toBe('another');
    await agent.ask('stop', 'web');
    await agent.until('web', 'the end of its directory', () => !existsSync(directory));
  });

  test('one that is a variable is the program\'s, and is nowhere shown', async () => {
    const [secret, got] = ['s3cr3t-word', agent.host.own('got')];
    writeFileSync(agent.host.own('key'), `${secret}\n`);
    agent.define('web', [`command = ["sh", "-c", "echo $KEY > ${got}; exec sleep 1000"]`, `secrets = { KEY = { file = "${agent.host.own('key')}", as = "environment" } }`, 'environment = { OTHER = "plain" }']);
    await agent.startDaemon();
    await agent.until('web', 'what it got', ({ state }) => state === State.RUNNING && existsSync(got) && readFileSync(got, 'utf8') !== '');
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
