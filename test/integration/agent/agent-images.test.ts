import { chmodSync, readFileSync, writeFileSync } from 'node:fs';

import { SnapshotsService as Snapshots } from '../../../src/api/gen/containerd/services/snapshots/v1/snapshots';
import { DefinitionsService } from '../../../src/api/gen/holdfast/v1/definitions';
import { ContainersService, State } from '../../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../../support/agent-host';
import { Ctl } from '../../support/ctl';
import { within } from '../../support/deadline';
import { type MadeImage, digestOf, imageOf } from '../../support/image-archive';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestRegistry } from '../../support/test-registry';
import { until } from '../../support/until';

/** Writes down what it finds and adds a line to a file of its root, and tells which signal has ended it. */
const service = [
  'echo "$GREETING:$MORE:$PATH:$HOME:$(id -u),$(id -g):$(pwd):$*"; echo run >>/srv/runs; echo "runs $(wc -l </srv/runs)"',
  "trap 'echo by USR1; exit' USR1; trap 'echo by TERM; exit' TERM; echo up; while :; do sleep 1000 & wait; done",
].join('\n');

function serviceImage(name: string, version = 'one'): MadeImage {
  const tools = ['sh', 'id', 'wc', 'sleep', 'cat'].map((tool) => ({ name: `bin/${tool}`, link: 'busybox' }));
  return imageOf(name, [[
    ...['bin', 'etc', 'tmp', 'srv'].map((directory) => ({ name: directory, directory: true as const })),
    { name: 'bin/busybox', bytes: readFileSync('/bin/busybox'), mode: 0o755 },
    ...tools,
    { name: 'bin/serve', bytes: Buffer.from(`#!/bin/sh\n${service}\n`), mode: 0o755 },
    { name: 'etc/passwd', bytes: Buffer.from('root:x:0:0::/root:/bin/sh\nann:x:1000:1001::/home/ann:/bin/sh\n') },
    { name: 'etc/group', bytes: Buffer.from('root:x:0:\nann:x:1001:\n') },
    { name: 'etc/version', bytes: Buffer.from(`${version}\n`) },
  ]], { Entrypoint: ['/bin/serve'], Cmd: ['as', 'made'], Env: ['PATH=/bin', 'GREETING=of the image'], WorkingDir: '/srv', StopSignal: 'SIGUSR1' });
}

describeOnHost('programs of files that name an image', realContainers, () => {
  let agent: AgentHost;
  let ctl: Ctl;
  beforeEach(() => {
    agent = new AgentHost();
    ctl = new Ctl(agent.host);
    // What reaches it has to be let in.
    chmodSync(agent.host.directory, 0o711);
    chmodSync(agent.host.own('.'), 0o711);
  });
  afterEach(async () => {
    ctl.close();
    await agent.cleanUp();
  });

  const load = async (image: MadeImage): Promise<void> => {
    const path = agent.host.own('image.tar');
    writeFileSync(path, image.archive);
    await ctl.says('load', path);
  };
  /** All that it has said, once it has said that so many times. */
  const said = (short: string, last: string, times = 1): Promise<readonly string[]> =>
    until(last, async () => (await ctl.runHere('logs', agent.name(short))).stdout.split('\n').slice(0, -1), (lines) => lines.filter((line) => line === last).length === times);
  const roots = async (): Promise<readonly string[]> =>
    (await agent.client.all(Snapshots.list, { snapshotter: 'overlayfs', filters: [] }, 'programs')).flatMap(({ info }) => info.map(({ name }) => name)).filter((name) => name.includes('box'));

  test('run what it says, keep what they have written over restarts and deaths, and take it with them when they are forgotten', async () => {
    await agent.startDaemon();
    await load(serviceImage('tools:1'));
    agent.define('box', ['image = "tools:1"']);
    await ctl.says('update');
    const { pid } = await agent.untilState('box', State.RUNNING);
    const first = ['of the image::/bin:/root:0,0:/srv:as made', 'runs 1', 'up'];
    expect(await said('box', 'up')).toEqual(first);
    await agent.killDaemon();
    expect((await agent.untilState('box', State.RUNNING)).pid).toBe(pid);
    // By the signal that the image says.
    await agent.ask('stop', 'box');
    expect((await said('box', 'by USR1')).length).toBe(4);
    await agent.killDaemon();
    await agent.ask('start', 'box');
    await agent.untilState('box', State.RUNNING);
    expect((await said('box', 'up', 2)).slice(4)).toEqual([...first.slice(0, 1), 'runs 2', 'up']);
    expect((await ctl.run('definition', agent.name('box'))).stdout).toContain('image = "tools:1"');
    expect(await roots()).toEqual([agent.name('box')]);
    writeFileSync(`${agent.host.own('programs')}/box.toml`, '');
    await agent.client.all(DefinitionsService.update, { names: [], dry_run: false });
    expect(await roots()).toEqual([]);
  });

  test('have of the definition what it says beside the image', async () => {
    await agent.startDaemon();
    await load(serviceImage('tools:1'));
    agent.define('box', ['image = "tools:1"', 'command = "as asked"', 'user = "ann"', 'group = "root"', 'directory = "/tmp"', 'stopsignal = "TERM"', 'environment = { MORE = "of the file", GREETING = "mine" }', 'private_tmp = true']);
    agent.define('shell', ['image = "tools:1"', 'shell = true', 'command = "id; cat /etc/version; sleep 1000"', 'user = "ann"', 'stopsignal = "KILL"']);
    await ctl.says('update');
    const [asked = ''] = await said('box', 'up');
    expect(asked).toBe('mine:of the file:/bin:/home/ann:1000,0:/tmp:as asked');
    await agent.ask('stop', 'box');
    await said('box', 'by TERM');
    expect(await said('shell', 'one')).toEqual(['uid=1000(ann) gid=1001(ann)', 'one']);
  });

  test('have one that is missing fetched, once for all of them; a registry that hangs keeps nobody from stopping them', async () => {
    const registry = await TestRegistry.start();
    try {
      const made = serviceImage('tools');
      const name = registry.push('tools', '1', made);
      const [layer = Buffer.alloc(0)] = made.layers;
      const layers = (): number => registry.asked.filter((path) => path === `blobs/${digestOf(layer)}`).length;
      const hung = new Promise<void>((resolve) => { registry.next(digestOf(layer), () => { resolve(); }); });
      agent.define('box', [`image = "${name}"`, 'numprocs = 3', 'process_name = "box${process_num}"', 'autostart = false']);
      await agent.startDaemon();
      const [first = '', ...others] = (await agent.client.ask(ContainersService.list, { names: [], all_namespaces: false })).containers.map((container) => container.name);
      const starts = [first, ...others].map((process) => ctl.run('start', process));
      await within(hung, 'the layer to be asked for');
      // One that fetches, and two that wait for it; or whose client has not come so far yet.
      const states = async (): Promise<readonly State[]> => (await agent.client.ask(ContainersService.list, { names: [], all_namespaces: false })).containers.map(({ state }) => state);
      await until('all three to wait for it', states, (all) => all.every((state) => state === State.STARTING));
      expect((await ctl.run('stop', first, ...others)).stdout.split('\n').filter((line) => line.endsWith(': stopped'))).toHaveLength(3);
      await Promise.all(starts);
      expect(layers()).toBe(1);
      await ctl.says('start', first, ...others);
      expect(layers()).toBe(2);
      await ctl.says('stop', first, ...others);
    } finally {
      await registry.close();
    }
  });

  test('wait for an image that is not there as for any start that fails, and have another root when the name is another image', async () => {
    agent.define('box', ['image = "tools:1"', 'pull = "never"', 'startretries = "forever"'], { restart: ['initial = 0.1', 'max = 0.1'] });
    await agent.startDaemon();
    expect((await agent.until('box', 'a failure', ({ state, reason }) => state === State.BACKOFF && reason !== '')).reason).toContain('there is no image docker.io/library/tools:1');
    await load(serviceImage('tools:1'));
    await agent.untilState('box', State.RUNNING);
    expect((await said('box', 'up')).slice(1)).toEqual(['runs 1', 'up']);
    await load(serviceImage('tools:1', 'two'));
    await agent.ask('restart', 'box');
    expect((await said('box', 'up', 2)).slice(5)).toEqual(['runs 1', 'up']);
    expect((await ctl.run('exec', agent.name('box'), '--', 'cat', '/etc/version')).stdout).toBe('two\n');
    await ctl.says('run', '-d', '--name', 'saved', '--save', agent.host.own('saved.toml'), '--user', 'ann', 'tools:1', '--', 'again');
    await ctl.says('rm', '--force', 'saved');
    expect(agent.lines('saved.toml')).toEqual(expect.arrayContaining(['image = "tools:1"', 'command = [ "again" ]', 'user = "ann"']));
    await ctl.says('rmi', 'tools:1');
    await agent.ask('stop', 'box');
    await agent.ask('start', 'box').catch(() => undefined);
    expect((await agent.until('box', 'a failure', ({ state }) => state === State.BACKOFF)).reason).toContain('there is no image');
  });
});
