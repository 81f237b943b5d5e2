import { execFileSync } from 'node:child_process';
import { chmodSync, closeSync, cpSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, rmSync, rmdirSync, statSync, symlinkSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

import { State } from '../../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../../support/agent-host';
import { cgroupDirectories, cgroupMounts } from '../../support/cgroups';
import { Ctl } from '../../support/ctl';
import { describeOnHost, realContainers } from '../../support/requires';
import { buildRootfs } from '../../support/rootfs';

describeOnHost('what a host does to programs of files', realContainers, () => {
  let agent: AgentHost;
  let ctl: Ctl;
  beforeEach(() => {
    agent = new AgentHost();
    ctl = new Ctl(agent.host);
  });
  afterEach(async () => {
    ctl.close();
    await agent.cleanUp();
  });

  test('a directory full of what is wrong: a line for each file, nothing that runs is touched, and what is right beside it counts', async () => {
    agent.define('web', ['command = "sleep 1000"', 'startsecs = 0']);
    await agent.startDaemon();
    const { pid } = await agent.untilState('web', State.RUNNING);
    const programs = agent.host.own('programs');
    cpSync(join(__dirname, '../../fixtures/definitions/broken'), programs, { recursive: true });
    mkdirSync(`${programs}/directory.toml`);
    writeFileSync(`${programs}/latin1.toml`, Buffer.from([0x5b, 0xe4, 0x5d]));
    writeFileSync(`${programs}/large.toml`, '#'.repeat((4 << 20) + 1));
    symlinkSync('/nowhere', `${programs}/link.toml`);
    symlinkSync('/dev/zero', `${programs}/device.toml`);
    execFileSync('mkfifo', [`${programs}/fifo.toml`]);
    const wrong = readdirSync(programs).filter((name) => name !== 'web.toml');
    agent.define('good', ['command = "sleep 1000"', 'startsecs = 0']);
    for (const verb of ['reread', 'update'] as const) {
      const { status, stdout, stderr } = await ctl.run(verb);
      const lines = (stdout + stderr).trimEnd().split('\n');
      expect(status).toBe(1);
      for (const name of wrong) expect(lines.filter((line) => line.startsWith(`ERROR: ${programs}/${name}:`)).length).toBeGreaterThan(0);
      expect(lines).toContain(verb === 'reread' ? `${agent.name('good')}: available` : `${agent.name('good')}: added process group`);
      expect(lines.some((line) => line.startsWith(`${agent.name('web')}:`))).toBe(false);
    }
    expect(await agent.untilState('good', State.RUNNING)).toBeDefined();
    await agent.killDaemon();
    expect(await agent.look('web')).toMatchObject({ state: State.RUNNING, pid });
  });

  test('what only a start can find out is said by it, in a line, and tried again', async () => {
    const quick = { restart: ['initial = 0.1', 'max = 0.1'] };
    const unreadable = agent.host.own('secret.env');
    mkdirSync(unreadable);
    agent.define('user', ['command = "true"', 'user = "nobody-here"'], quick);
    agent.define('command', ['command = "/no/such/program"'], quick);
    agent.define('env', ['command = "true"', `environment_file = "${unreadable}"`], quick);
    agent.define('odd-env', ['command = "true"', `environment_file = "${agent.host.own('odd.env')}"`], quick);
    agent.write('odd.env', 'A=1\nwhat is this\n');
    await agent.startDaemon();
    const reasons: Readonly<Record<string, string>> = {
      user: 'there is no user "nobody-here" on this host', command: 'can\'t find command \'/no/such/program\'', env: `environment_file: ${unreadable} cannot be read: `, 'odd-env': `${agent.host.own('odd.env')}:2: expected NAME=value`,
    };
    for (const [short, words] of Object.entries(reasons)) {
      const { reason } = await agent.until(short, words, (container) => (container.state === State.BACKOFF || container.state === State.FATAL) && container.reason.includes(words));
      expect(reason).not.toContain('\n');
    }
  });

  test('a user who is gone does nothing to who runs, is why nobody starts again, and is there again at once', async () => {
    const rootfs = agent.host.own('rootfs');
    buildRootfs(rootfs);
    for (const path of [agent.host.directory, agent.host.own('.')]) chmodSync(path, 0o711);
    const accounts = readFileSync(`${rootfs}/etc/passwd`, 'utf8');
    agent.define('box', [`rootfs = "${rootfs}"`, 'command = "sleep 1000"', 'user = "user"', 'startsecs = 0'], { restart: ['initial = 0.1', 'max = 0.1', 'jitter = 0'] });
    await agent.startDaemon();
    const { pid } = await agent.untilState('box', State.RUNNING);
    writeFileSync(`${rootfs}/etc/passwd`, 'root:x:0:0::/root:/bin/sh\n');
    await agent.killDaemon();
    expect((await agent.look('box')).pid).toBe(pid);
    process.kill(pid, 'SIGKILL');
    await agent.until('box', 'its failure', ({ state, reason }) => state === State.BACKOFF && reason.includes(`there is no user "user" in ${rootfs}`));
    writeFileSync(`${rootfs}/etc/passwd`, accounts);
    await agent.until('box', 'its second run', (box) => box.state === State.RUNNING && box.pid !== pid);
  });

  test('a cgroup that somebody has taken away does nothing to who ran in it: it is stopped, and started again in one of its own', async () => {
    agent.define('web', ['command = "sleep 1000"', 'startsecs = 0'], { limits: ['memory = "64m"'] });
    await agent.startDaemon();
    const { pid } = await agent.untilState('web', State.RUNNING);
    const path = readFileSync(`/proc/${String(pid)}/cgroup`, 'utf8').split('\n').map((line) => line.split(':')[2] ?? '').find((each) => each.includes(agent.name('web')));
    if (path === undefined) throw new Error('it has no cgroup');
    const { own } = cgroupDirectories(path);
    for (const mount of cgroupMounts()) if (own.includes(join(mount, path))) writeFileSync(join(mount, 'cgroup.procs'), String(pid));
    for (const directory of own) rmdirSync(directory);
    await agent.killDaemon();
    expect(await agent.look('web')).toMatchObject({ state: State.RUNNING, pid });
    expect(await ctl.says('stop', agent.name('web'))).toBe(`${agent.name('web')}: stopped\n`);
    expect(existsSync(`/proc/${String(pid)}`)).toBe(false);
    expect(await ctl.says('start', agent.name('web'))).toBe(`${agent.name('web')}: started\n`);
    expect(cgroupDirectories(path).own).toEqual(own);
  });

  test('a disk of records that is full: who runs runs on, what cannot be written is not begun and says why, and all goes on once there is room', async () => {
    const root = join(agent.host.directory, 'root');
    mkdirSync(root);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', root]);
    try {
      agent.define('web', ['command = ["sh", "-c", "while sleep 0.05; do echo line; done"]', 'startsecs = 0'], { log: ['max_size = "16k"', 'max_files = 2'] });
      agent.define('late', ['command = "sleep 1000"', 'autostart = false', 'startsecs = 0']);
      await agent.startDaemon();
      const { pid } = await agent.untilState('web', State.RUNNING);
      fill(join(root, 'filler'));
      const { status, stdout, stderr } = await ctl.run('start', agent.name('late'));
      expect(status).not.toBe(0);
      expect(stdout + stderr).toMatch(/ENOSPC|full|no space|no room/i);
      expect(await agent.look('late')).toMatchObject({ state: State.STOPPED, pid: 0 });
      expect(await agent.look('web')).toMatchObject({ state: State.RUNNING, pid });
      rmSync(join(root, 'filler'));
      expect(await ctl.says('start', agent.name('late'))).toBe(`${agent.name('late')}: started\n`);
      expect((await agent.look('web')).pid).toBe(pid);
      const keptBytes = (): number => readdirSync(join(root, 'output/programs', agent.name('web'))).reduce((sum, name) => sum + statSync(join(root, 'output/programs', agent.name('web'), name)).size, 0);
      const before = keptBytes();
      await agent.until('web', 'more of its output', () => keptBytes() > before);
      for (const short of ['web', 'late']) await ctl.says('stop', agent.name(short));
    } finally {
      await agent.host.stopDaemon('SIGKILL');
      execFileSync('umount', ['-l', root]);
    }
  });
});

/** Writes until there is no room left: what runs writes, too, meanwhile. */
function fill(path: string): void {
  const fd = openSync(path, 'w');
  try {
    for (;;) writeSync(fd, Buffer.alloc(4096));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
  } finally {
    closeSync(fd);
  }
}
