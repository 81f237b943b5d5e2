import { chmodSync, existsSync, mkdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { dirname } from 'node:path';

import { ContainersService, State } from '../../../src/api/gen/holdfast/v1/containers';
import { usualCgroupOf } from '../../../src/runtime/host/host-spec';
import type { AgentHost } from '../../support/agent-host';
import { writeBundle } from '../../support/bundle';
import { cgroupDirectories } from '../../support/cgroups';
import { Ctl } from '../../support/ctl';
import { describeOnHost, realContainers } from '../../support/requires';
import { buildRootfs } from '../../support/rootfs';
import { SharedAgent } from '../../support/shared-agent';
import { until } from '../../support/until';

const often = ['interval = 0.1', 'start_interval = 0.1'];
/** sd_notify(3), without a module: any perl can. */
const report = (message: string): string => `perl -e 'socket(S, 1, 2, 0); send(S, "${message}", 0, pack("S a*", 1, "$ENV{NOTIFY_SOCKET}\\0")) or exit 1'`;

describeOnHost('programs of files that are containers', realContainers, () => {
  const sharedAgent = new SharedAgent();
  let agent: AgentHost;
  let ctl: Ctl;
  let rootfs: string;
  beforeEach(async () => {
    agent = await sharedAgent.take();
    ctl = new Ctl(agent.host);
    rootfs = agent.host.own('rootfs');
    buildRootfs(rootfs);
    chmodSync(`${rootfs}/tmp`, 0o1777);
    // What reaches it has to be let in.
    chmodSync(agent.host.directory, 0o711);
    chmodSync(agent.host.own('.'), 0o711);
  });
  afterEach(async () => {
    ctl.close();
    await sharedAgent.giveBack();
  });
  afterAll(() => sharedAgent.close());

  const output = (short: string, last: string): Promise<readonly string[]> =>
    until(last, async () => (await ctl.run('logs', agent.name(short))).stdout.split('\n').slice(0, -1), (lines) => lines.at(-1) === last);

  test('a rootfs: each key is as the program finds it, in its own root', async () => {
    // A user of that root alone, in a file that a link leads to, which is one of that root as well.
    rmSync(`${rootfs}/etc/passwd`);
    symlinkSync('/etc/accounts', `${rootfs}/etc/passwd`);
    writeFileSync(`${rootfs}/etc/accounts`, 'root:x:0:0::/root:/bin/sh\nbox-user:x:4321:4322::/home/box:/bin/sh\n');
    writeFileSync(`${rootfs}/etc/group`, 'root:x:0:\nbox-user:x:4322:\nmore:x:77:box-user\n');
    mkdirSync(`${rootfs}/srv`);
    chmodSync(`${rootfs}/srv`, 0o777);
    const facts = [
      'id -u', 'id -G', 'pwd', 'umask', 'echo $HOME:$USER:$GREETING:$HOLDFAST_PROCESS_NAME', 'cat /proc/self/cgroup | grep -c ${instance_number}', 'ulimit -n',
      'grep -E "^(CapEff|NoNewPrivs)" /proc/self/status | tr -d "\\t"', 'ls /sys/class/net', 'touch /srv/x 2>&1', 'cut -d" " -f19 /proc/self/stat', 'touch /tmp/y && ls /tmp', 'echo end',
    ];
    agent.define('box', [
      `rootfs = "${rootfs}"`, `command = ["sh", "-c", '''${facts.join('; ').replace('${instance_number}', agent.name('box'))}; exec sleep 1000''']`, 'user = "box-user"', 'directory = "/srv"', 'umask = "027"',
      'environment = { GREETING = "hello" }', 'private_tmp = true', 'read_only_paths = ["/srv"]', 'no_new_privileges = true', 'capabilities = ["NET_BIND_SERVICE"]', 'nice = 7',
    ], { limits: ['memory = "64m"', 'pids = 30', 'nofile = "100:200"'] });
    await agent.takeUp();
    await agent.untilState('box', State.RUNNING);
    const hierarchies = readFileSync('/proc/self/cgroup', 'utf8').trim().split('\n').length;
    expect(await output('box', 'end')).toEqual([
      '4321', '4322 77', '/srv', '0027', `/home/box:box-user:hello:${agent.name('box')}`, String(hierarchies), '100',
      'CapEff:0000000000000400', 'NoNewPrivs:1', 'lo', 'touch: /srv/x: Read-only file system', '7', 'y', 'end',
    ]);
    expect(existsSync(`${rootfs}/tmp/y`)).toBe(false);
    expect((await ctl.run('why', agent.name('box'))).stdout).toContain('memory 64M, 0 times reached; pids 30');
  });

  test('a network is the host\'s where that is asked for, and in another root one of its own otherwise', async () => {
    const networkOf = (pid: number | 'self'): string => readlinkSync(`/proc/${String(pid)}/ns/net`);
    // The first process of a pid namespace hears no SIGTERM that it has no handler for.
    const sleeps = 'command = "sleep 1000"\nstopsignal = "KILL"';
    agent.define('shared', [`rootfs = "${rootfs}"`, sleeps, 'network = "host"']);
    agent.define('own', [`rootfs = "${rootfs}"`, sleeps, 'network = "none"']);
    agent.define('host', [sleeps, 'network = "host"', 'nice = 7']);
    await agent.takeUp();
    const [shared, own, host] = await Promise.all(['shared', 'own', 'host'].map(async (short) => (await agent.untilState(short, State.RUNNING)).pid));
    expect([shared, own, host].map((pid) => networkOf(pid ?? 0) === networkOf('self'))).toEqual([true, false, true]);
    expect(getPriority(host)).toBe(7);
    // Another network is another run.
    agent.define('shared', [`rootfs = "${rootfs}"`, sleeps]);
    await ctl.says('update');
    const after = await agent.until('shared', 'another run', ({ state, pid }) => state === State.RUNNING && pid !== shared);
    expect(networkOf(after.pid)).not.toBe(networkOf('self'));
  });

  test('an unknown user of the root is said once, and where it was looked for', async () => {
    agent.define('box', [`rootfs = "${rootfs}"`, 'command = "true"', 'user = "nosuch"']);
    await agent.takeUp();
    const { reason } = await agent.until('box', 'its failure', ({ state }) => state === State.BACKOFF);
    expect(reason).toContain(`there is no user "nosuch" in ${rootfs}`);
  });

  test('those of a group have a + where their names have a colon, to the runtime alone; their cgroups are gone with them', async () => {
    const group = agent.name('pair');
    // Those of this daemon: other tests' come and go beside them.
    const cgroups = (): readonly string[] => {
      const { own, below } = cgroupDirectories(dirname(usualCgroupOf(agent.host.stateDir, 'programs', group)));
      return [...own, ...below];
    };
    writeFileSync(`${agent.host.own('programs')}/pair.toml`, `[program.two-${group}]\nrootfs = "${rootfs}"\ncommand = "sleep 1000"\nstopsignal = "KILL"\nprocess_name = "two"\n[group.${group}]\nprograms = ["two-${group}"]\n`);
    await agent.takeUp();
    const name = `${group}:two`;
    await until('its start', async () => (await ctl.run('status', name)).stdout, (shown) => shown.includes('RUNNING'));
    expect(existsSync(`${agent.host.stateDir}.holdfast/runc/programs/${group}+two`)).toBe(true);
    const pid = (await ctl.says('pid', name)).trim();
    await agent.killDaemon();
    expect((await ctl.says('pid', name)).trim()).toBe(pid);
    expect(await ctl.prints('exec', name, '--', 'echo', 'there')).toBe('there\n');
    expect(await ctl.prints('restart', name)).toBe(`${name}: stopped\n${name}: started\n`);
    rmSync(`${agent.host.own('programs')}/pair.toml`);
    expect(cgroups()).not.toEqual([]);
    await ctl.says('update');
    expect(cgroups()).toEqual([]);
  });

  test('its checks run in it, as its user, its secrets are there as long as it runs, and it is told of nowhere that it was looked at', async () => {
    const key = agent.host.own('key');
    writeFileSync(key, 's3cr3t');
    const check = `exec = ["sh", "-c", "id -u | grep -qx 1000 && test ! -e ${key} && test \\"$(cat $CREDENTIALS_DIRECTORY/KEY)\\" = s3cr3t && test -e /gate && grep -q ${agent.name('box')} /proc/self/cgroup"]`;
    agent.define('box', [`rootfs = "${rootfs}"`, 'command = "sleep 1000"', 'user = "user"', `secrets = { KEY = "${key}" }`, 'ready = "health"'], { health: [check, ...often, 'retries = 1000'] });
    await agent.takeUp();
    await agent.until('box', 'failed checks', ({ state, reason }) => state === State.STARTING && reason.includes('status 1'));
    writeFileSync(`${rootfs}/gate`, '');
    await agent.untilState('box', State.RUNNING);
    await agent.killDaemon();
    rmSync(`${rootfs}/gate`);
    await agent.until('box', 'failed checks', ({ state, reason }) => state === State.RUNNING && /^\d+ failed checks: the check ended with status 1$/.test(reason));
    const { stdout } = await ctl.run('events', '--since', '1h', '--until', 'now', '--name', agent.name('box'));
    expect(stdout).toContain('start-container');
    expect(stdout).not.toContain('health-');
  });

  test('a bundle is run as it is, but for how it reports and what is secret', async () => {
    const bundle = writeBundle(agent.host.own('bundle'), { args: ['true'], rootfs, cgroupsPath: `${agent.host.cgroup}/bundle` });
    const path = `${bundle}/config.json`;
    const spec = JSON.parse(readFileSync(path, 'utf8')) as { process: { args: string[]; env: string[] }; mounts: object[]; root: object };
    const gate = '/gate';
    const script = `while ! test -e ${gate}; do sleep 0.05; done; ${report('READY=1')}; cat $CREDENTIALS_DIRECTORY/KEY; echo; env; echo end; exec sleep 1000`;
    const fromHost = ['/usr', '/bin', '/lib', '/lib64'].filter((each) => existsSync(each)).map((each) => ({ destination: each, type: 'bind', source: each, options: ['rbind', 'ro'] }));
    writeFileSync(path, JSON.stringify({ ...spec, process: { ...spec.process, args: ['sh', '-c', script], env: ['PATH=/usr/bin:/bin', 'OWN=yes'] }, mounts: [...spec.mounts, ...fromHost] }));
    const key = agent.host.own('key');
    writeFileSync(key, 's3cr3t');
    agent.define('box', [`bundle = "${bundle}"`, `secrets = { KEY = "${key}" }`, 'ready = "notify"']);
    await agent.takeUp();
    await agent.until('box', 'its process', ({ state, pid }) => state === State.STARTING && pid !== 0);
    writeFileSync(`${rootfs}${gate}`, '');
    await agent.untilState('box', State.RUNNING);
    const lines = await output('box', 'end');
    expect(lines[0]).toBe('s3cr3t');
    expect(lines).toContain('OWN=yes');
    expect(lines.filter((line) => line.startsWith('HOLDFAST_'))).toEqual([]);
    const { containers } = await agent.client.ask(ContainersService.list, { names: [], all_namespaces: false });
    expect(JSON.stringify(containers, (_, value: unknown) => (typeof value === 'bigint' ? String(value) : value))).not.toContain('s3cr3t');
  });

  test('a bundle that is run as it is is found again, also where it is to report from now on', async () => {
    const bundle = writeBundle(agent.host.own('bundle'), { args: ['sleep', '1000'], rootfs, cgroupsPath: `${agent.host.cgroup}/bundle` });
    agent.define('box', [`bundle = "${bundle}"`, 'startsecs = 0']);
    await agent.takeUp();
    const { pid } = await agent.untilState('box', State.RUNNING);
    agent.define('box', [`bundle = "${bundle}"`, 'startsecs = 0'], { health: ['notify = true', 'on_failure = "none"'] });
    await ctl.says('update');
    await agent.killDaemon();
    const after = await agent.look('box');
    expect([after.state, after.pid]).toEqual([State.RUNNING, pid]);
  });

  test('a terminal, and a stdin that is open, are joined by fg', async () => {
    agent.define('tty', [`rootfs = "${rootfs}"`, 'command = "sh"', 'terminal = true']);
    agent.define('cat', ['command = "cat"', 'stdin = "open"']);
    await agent.takeUp();
    await agent.untilState('tty', State.RUNNING);
    const fg = ctl.startOnTerminal('fg', agent.name('tty'));
    fg.send('echo "is $((1 + 1))"\r');
    await fg.printed('is 2');
    fg.send('exit 3\r');
    expect((await fg.ended).status).toBe(3);
    await agent.untilState('cat', State.RUNNING);
    const pipe = ctl.start('fg', agent.name('cat'));
    pipe.send('said\n');
    expect(await output('cat', 'said')).toEqual(['said']);
    pipe.kill('SIGINT');
    await pipe.ended;
  });
});
