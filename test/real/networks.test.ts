import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { State } from '../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../support/agent-host';
import { Ctl } from '../support/ctl';
import { imageOf } from '../support/image-archive';
import { daemonOfBoots, goDown, newBoot } from '../support/reboot';
import { killDaemonAndShims } from '../support/shims';
import { NetworkNamespace } from './support/network-namespace';
import { run } from './support/program';
import { Side } from './support/side';
import { SideBySide, describeReal } from './support/side-by-side';
import { until } from '../support/until';

const daemonProgram = resolve(__dirname, '../../bin/holdfastd');
const tools = ['sh', 'ip', 'sleep', 'cat', 'ping', 'true', 'nc'].map((tool) => ({ name: `bin/${tool}`, link: 'busybox' }));
const image = imageOf('tools:1', [[
  ...['bin', 'etc', 'tmp'].map((directory) => ({ name: directory, directory: true as const })),
  { name: 'bin/busybox', bytes: readFileSync('/bin/busybox'), mode: 0o755 },
  ...tools,
]], { Env: ['PATH=/bin'] });

/** A bridge, addresses, and a firewall's rules for who leaves it: with Debian's plugins. */
function networkOf(leases: string): object {
  const ipam = { type: 'host-local', dataDir: leases, ranges: [[{ subnet: '10.77.0.0/24' }]], routes: [{ dst: '0.0.0.0/0' }] };
  return { cniVersion: '1.0.0', name: 'boxes', plugins: [{ type: 'bridge', bridge: 'boxes0', isGateway: true, ipMasq: true, ipam }, { type: 'portmap', capabilities: { portMappings: true } }] };
}

describeReal('networks of the Container Network Interface', () => {
  let agent: AgentHost;
  let ctl: Ctl;
  let network: NetworkNamespace;
  beforeEach(async () => {
    agent = new AgentHost();
    ctl = new Ctl(agent.host);
    // What reaches it has to be let in.
    chmodSync(agent.host.directory, 0o711);
    chmodSync(agent.host.own('.'), 0o711);
    // The bridge, and all that plugins do, is in there.
    network = await NetworkNamespace.open();
    mkdirSync(agent.host.own('networks'));
    agent.write('networks/10-boxes.conflist', JSON.stringify(networkOf(agent.host.own('leases'))));
    writeFileSync(agent.host.own('image.tar'), image.archive);
    agent.write('daemon', `#!/bin/sh\nexec ${network.entering.join(' ')} ${daemonProgram} "$@"\n`);
    chmodSync(agent.host.own('daemon'), 0o755);
    await startDaemon();
    await ctl.prints('load', agent.host.own('image.tar'));
  });
  afterEach(async () => {
    ctl.close();
    await agent.cleanUp();
    await network.close();
  });

  const startDaemon = (): Promise<void> => agent.startDaemon({ NETCONFPATH: agent.host.own('networks') }, { program: agent.host.own('daemon') });
  const leased = (): readonly string[] => readdirSync(agent.host.own('leases/boxes')).filter((name) => name.startsWith('10.'));
  const addressOf = async (name: string): Promise<string> => /inet (\S+)\//.exec(await ctl.prints('exec', name, '--', 'ip', '-4', '-o', 'addr', 'show', 'eth0'))?.[1] ?? 'none';
  /** Of a network that nobody uses, but for the bridge. */
  const expectNothingLeft = async (): Promise<void> => {
    // The runtime undoes it when it takes the container away, which is after the end that is told.
    await until('the address to be given back', () => Promise.resolve(existsSync(`${agent.host.stateDir}.holdfast/networks`)), (isThere) => !isThere);
    expect(leased()).toEqual([]);
    expect(await network.run('ip', '-br', 'link')).not.toContain('veth');
    expect(await network.run('iptables-save', '-t', 'nat')).not.toContain('10.77');
  };

  test('a program of an image has an address there, whoever dies, and gives it back at its end', async () => {
    agent.define('box', ['image = "tools:1"', 'command = "sleep 1000"', 'network = "cni:boxes"', 'stopsignal = "KILL"']);
    await ctl.prints('update');
    const { pid } = await agent.untilState('box', State.RUNNING);
    const address = await addressOf(agent.name('box'));
    expect(leased()).toEqual([address]);
    await network.run('/bin/busybox', 'ping', '-c', '1', '-W', '5', address);
    await killDaemonAndShims(agent.host);
    await startDaemon();
    expect((await agent.untilState('box', State.RUNNING)).pid).toBe(pid);
    expect(await addressOf(agent.name('box'))).toBe(address);
    expect(await ctl.prints('why', agent.name('box'))).toContain(`\n  address      ${address}\n`);
    // What it finds names by is this host's.
    expect(await ctl.prints('exec', agent.name('box'), '--', 'cat', '/etc/resolv.conf')).toBe(readFileSync('/etc/resolv.conf', 'utf8'));
    await agent.ask('stop', 'box');
    await expectNothingLeft();
    // Another run, another configuration: it is undone by the one that it was made by.
    await agent.ask('start', 'box');
    await agent.untilState('box', State.RUNNING);
    agent.write('networks/10-boxes.conflist', JSON.stringify({ cniVersion: '1.0.0', name: 'boxes', plugins: [{ type: 'ptp' }] }));
    await agent.ask('stop', 'box');
    await expectNothingLeft();
  });

  test('run: two programs reach each other, and what cannot be is said', async () => {
    await ctl.prints('run', '-d', '--name', 'one', '--net', 'cni', 'tools:1', '--', 'sleep', '1000');
    await ctl.prints('run', '--rm', '--network', 'cni:boxes', 'tools:1', '--', 'ping', '-c', '1', '-W', '5', await addressOf('one'));
    expect(leased()).toHaveLength(1);
    await ctl.prints('rm', '--force', 'one');
    // Who comes to the host's port is at the container's.
    await ctl.prints('run', '-d', '--name', 'two', '--net', 'cni', '-p', '8080:80', 'tools:1', '--', 'nc', '-ll', '-p', '80', '-e', '/bin/sh', '-c', 'echo hello');
    const greeting = async (): Promise<string> => (await run('nsenter', [...network.entering.slice(1), '/bin/busybox', 'nc', '-w', '5', '10.77.0.1', '8080'])).stdout;
    await until('a greeting', greeting, (said) => said === 'hello\n');
    await ctl.prints('rm', '--force', 'two');
    expect(await ctl.run('run', '--rm', '-p', '8080:80', 'tools:1', '--', 'true')).toMatchObject({ status: 125, stderr: expect.stringContaining('-p is for a network of its own: --net cni') as string });
    expect(await ctl.run('run', '--rm', '--net', 'cni', '-p', '80', 'tools:1', '--', 'true')).toMatchObject({ status: 125, stderr: expect.stringContaining('-p 80: a port of this host and one of the container are wanted') as string });
    expect(await ctl.run('run', '--rm', '--net', 'cni:other', 'tools:1', '--', 'true')).toMatchObject({ status: 125, stderr: expect.stringContaining(`there is no CNI network other in ${agent.host.own('networks')}`) as string });
    expect(await ctl.run('run', '--rm', '--net', 'wifi', 'tools:1', '--', 'true')).toMatchObject({ status: 125, stderr: expect.stringContaining('there is no network wifi') as string });
    agent.write('networks/10-boxes.conflist', JSON.stringify({ cniVersion: '1.0.0', name: 'boxes', plugins: [...(networkOf(agent.host.own('leases')) as { plugins: object[] }).plugins, { type: 'nosuch' }] }));
    expect(await ctl.run('run', '--rm', '--net', 'cni', 'tools:1', '--', 'true')).toMatchObject({ status: 125, stderr: expect.stringContaining('there is no CNI plugin nosuch in /opt/cni/bin:/usr/lib/cni') as string });
    agent.write('networks/10-boxes.conflist', JSON.stringify({ cniVersion: '1.0.0', name: 'boxes', plugins: [(networkOf(agent.host.own('leases')) as { plugins: object[] }).plugins[0]] }));
    expect(await ctl.run('run', '--rm', '--net', 'cni', '-p', '8080:80', 'tools:1', '--', 'true')).toMatchObject({ status: 125, stderr: expect.stringContaining('no plugin of the CNI network boxes publishes ports') as string });
    await expectNothingLeft();
    // Of who is in no network at all.
    expect(await ctl.prints('run', '--rm', 'tools:1', '--', 'ip', '-4', '-o', 'addr')).toMatch(/^1: lo .*\n$/);
  });

  test('an address of another boot is given back with the program, or by its next run, whatever that is', async () => {
    // What plugins keep of addresses is on the disk; all that we have noted of them is gone.
    await agent.host.stopDaemon();
    const ofBoots = daemonOfBoots(agent.host).program;
    agent.write('daemon-of-boots', `#!/bin/sh\nexec ${network.entering.join(' ')} ${ofBoots} "$@"\n`);
    chmodSync(agent.host.own('daemon-of-boots'), 0o755);
    const boot = (): Promise<void> => agent.startDaemon({ NETCONFPATH: agent.host.own('networks') }, { program: agent.host.own('daemon-of-boots') });
    newBoot(agent.host);
    await boot();
    const command = ['image = "tools:1"', 'command = "sleep 1000"'];
    agent.define('box', [...command, 'network = "cni"']);
    agent.define('other', [...command, 'network = "cni"']);
    await ctl.prints('update');
    const one = agent.name('one');
    await ctl.prints('run', '-d', '--name', one, '--net', 'cni', 'tools:1', '--', 'sleep', '1000');
    for (const short of ['box', 'other']) await agent.untilState(short, State.RUNNING);
    expect(leased()).toHaveLength(3);
    await agent.host.stopDaemon('SIGKILL');
    await goDown(agent.host, ['box', 'other', 'one'].map((short) => agent.name(short)));
    agent.define('box', [...command, 'network = "none"']);
    await boot();
    for (const short of ['box', 'other']) await agent.untilState(short, State.RUNNING);
    const address = await addressOf(agent.name('other'));
    expect(leased()).toContain(address);
    expect(leased()).toHaveLength(2);
    await ctl.prints('rm', one);
    expect(leased()).toEqual([address]);
  });

  describe('with ctr', () => {
    const sides = new SideBySide((backend) => new Side(backend));
    sides.same('run --cni: it has what the plugins have made', async (side) => {
      // It looks in /etc/cni/net.d and /opt/cni/bin alone.
      const etc = side.place.path('etc');
      mkdirSync(`${etc}/cni/net.d`, { recursive: true });
      writeFileSync(`${etc}/cni/net.d/10-boxes.conflist`, JSON.stringify(networkOf(side.place.path('leases'))));
      const own = await NetworkNamespace.open({ etc });
      try {
        await own.run('sh', '-c', 'mount -t tmpfs none /opt && mkdir -p /opt/cni && ln -s /usr/lib/cni /opt/cni/bin');
        const env = { CONTAINERD_ADDRESS: side.backend.socket, CONTAINERD_NAMESPACE: side.place.namespace };
        const [program = '', ...words] = [...own.entering, '/usr/bin/ctr'];
        const { stdout, stderr, code } = await run(program, [...words, 'run', '--rm', '--cni', '--rootfs', side.rootfs, 'net1', '/bin/sh', '-c', 'ip -4 -o addr show eth0; ping -c 1 -W 5 10.77.0.1 >/dev/null && echo reached'], { env });
        side.note(`${stdout.replace(/eth0@if\d+/g, 'eth0')}\n${stderr}\nexit status ${String(code)}`);
        side.note(readdirSync(side.place.path('leases/boxes')).sort().join(' '));
      } finally {
        await own.close();
      }
    });
  });
});
