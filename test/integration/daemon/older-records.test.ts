import Database from 'better-sqlite3';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { ContainersService } from '../../../src/api/gen/containerd/services/containers/v1/containers';
import { State } from '../../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../../support/agent-host';
import { ContainerdClient } from '../../support/containerd-client';
import { Ctl } from '../../support/ctl';
import { describeOnHost, realContainers } from '../../support/requires';

const fixture = join(__dirname, '../../fixtures/records-0.1.0');

describeOnHost('an upgrade from version 0.1.0, with a boot in between', realContainers, () => {
  let agent: AgentHost;
  let ctl: Ctl;
  let client: ContainerdClient;
  beforeEach(async () => {
    agent = new AgentHost();
    const { host } = agent;
    const root = join(host.directory, 'root');
    const output = join(root, 'output/programs', agent.name('web'), 'output.0000000001.log');
    mkdirSync(dirname(output), { recursive: true });
    writeFileSync(output, readFileSync(join(fixture, 'web.log')));
    const database = new Database(join(root, 'holdfast.db'));
    database.exec(readFileSync(join(fixture, 'holdfast.sql'), 'utf8').replaceAll('-@x@', agent.name('')).replaceAll('@directory@', host.directory));
    database.close();
    agent.define('clock', ['command = ["sh", "-c", "echo tick; exec sleep 1000"]', 'environment = { GREETING = "hello" }'], { limits: ['memory = "64m"'] });
    await agent.startDaemon();
    client = new ContainerdClient(host.socketPath);
    ctl = new Ctl(host);
  });
  afterEach(async () => {
    client.close();
    ctl.close();
    await agent.cleanUp();
  });

  test('what was run is known with its ends and its output, and starts again by its name', async () => {
    const status = await ctl.run('status', agent.name('failed'), agent.name('stopped'), agent.name('web'));
    expect(status.stdout.replaceAll(agent.name(''), '').split('\n').map((line) => line.split(/\s+/).slice(0, 2).join(' '))).toEqual(['failed EXITED', 'stopped STOPPED', 'web EXITED', '']);
    expect(await ctl.prints('why', agent.name('failed'))).toContain('exit status 42');
    expect(await ctl.prints('why', agent.name('web'))).toContain('nobody saw how (host rebooted)');
    expect(await ctl.prints('logs', agent.name('web'))).toBe('web says hi\n');
    expect(await ctl.prints('start', agent.name('web'))).toBe(`${agent.name('web')}: started\n`);
    await agent.untilState('web', State.RUNNING);
    await ctl.prints('rm', '--force', agent.name('web'));
  });

  test('a program of a file is started, as a later run than the last one', async () => {
    await agent.untilState('clock', State.RUNNING);
    expect(await ctl.prints('exec', agent.name('clock'), '--', 'sh', '-c', 'echo $GREETING $HOLDFAST_GENERATION')).toBe('hello 2\n');
  });

  test('a record of the containerd API is there, with its labels and its spec', async () => {
    const { container } = await client.ask(ContainersService.get, { id: 'box' }, 'team');
    expect(container?.labels.get('kept')).toBe('yes');
    expect(JSON.parse(Buffer.from(container?.spec?.value ?? []).toString('utf8'))).toMatchObject({ ociVersion: '1.0.2', process: { args: ['sh', '-c', 'exit 0'] } });
  });
});
