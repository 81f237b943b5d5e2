import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { parse } from 'smol-toml';

import { readDefinitionFiles } from '../../../src/agent/definitions/read-directory';
import { bringTogether, noDefinitions } from '../../../src/agent/definitions/set';
import { Ctl } from '../../support/ctl';
import { waitForExit } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { sharedRootfs } from '../../support/rootfs';
import { SharedCtl } from '../../support/shared-ctl';
import { TestHost } from '../../support/test-host';

describeOnHost('holdfastctl run', realContainers, () => {
  const shared = new SharedCtl();
  let host: TestHost;
  let ctl: Ctl;
  let name: string;
  beforeEach(async () => {
    ({ host, ctl, name } = await shared.take());
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  test('passes on what a program says and how it ends, and forgets one that was given no name', async () => {
    expect(await ctl.run('run', '--host', '--memory', '64m', '--', 'sh', '-c', 'echo hi; echo oh >&2; exit 42')).toEqual({ status: 42, stdout: 'hi\n', stderr: 'oh\n' });
    expect((await ctl.run('run', '--rm', '--host', '--', 'sh', '-c', 'kill -9 $$')).status).toBe(137);
    expect(JSON.parse(await ctl.says('ps', '--all', '--json'))).toEqual([]);
  });

  test('one that was given no name ends with the reader of its output, as in a pipe, and is forgotten; one with a name runs on', async () => {
    const forEver = ['--host', '--', 'sh', '-c', 'while :; do echo line; sleep 0.01; done'];
    const unnamed = ctl.start('run', ...forEver);
    await unnamed.printed('line\n');
    const [{ name: given, pid }] = JSON.parse(await ctl.says('ps', '--json')) as [{ readonly name: string; readonly pid: number }];
    expect(given).toMatch(/^run-/);
    unnamed.closeOutput();
    expect(await unnamed.ended).toMatchObject({ status: 141, stderr: '' });
    await waitForExit(pid);
    await ctl.run('rm', given);
    expect(JSON.parse(await ctl.says('ps', '--all', '--json'))).toEqual([]);
    expect(ctl.fifoDirectories).toEqual([]);
    const named = ctl.start('run', '--name', name, ...forEver);
    await named.printed('line\n');
    named.closeOutput();
    expect(await named.ended).toMatchObject({ status: 141 });
    expect(await ctl.says('status', name)).toMatch(/RUNNING/);
  });

  test('what stands behind the command is the command\'s, also without --', async () => {
    expect(await ctl.run('run', '--rm', '--host', 'sh', '-c', 'echo $0; exit 3', '--rm')).toEqual({ status: 3, stdout: '--rm\n', stderr: '' });
    await ctl.says('run', '-d', '--name', name, '--host', '--', 'sleep', '1000');
    expect(await ctl.run('exec', name, 'sh', '-c', 'echo $0', '-t')).toEqual({ status: 0, stdout: '-t\n', stderr: '' });
  });

  test('what cannot be run is said as shells have it: 127, 126, and 125 for what is our own', async () => {
    expect(await ctl.run('run', '--rm', '--host', '--', '/no/such')).toEqual({ status: 127, stdout: '', stderr: 'holdfastctl: /no/such: no such file\n' });
    const file = host.own('plain');
    writeFileSync(file, '', { mode: 0o644 });
    expect(await ctl.run('run', '--rm', '--host', '--', file)).toEqual({ status: 126, stdout: '', stderr: `holdfastctl: ${file}: cannot be executed\n` });
    expect(await ctl.run('run', '--host')).toMatchObject({ status: 125, stdout: '' });
    expect(await ctl.run('run', '--', 'true')).toMatchObject({ status: 125, stdout: '' });
    // The command line itself, and the socket: a program's own status could be any other.
    expect(await ctl.run('run', '--host', '--frob', '--', 'true')).toMatchObject({ status: 125, stdout: '' });
    expect(await ctl.run('--address', host.own('nobody'), 'run', '--host', '--', 'true')).toMatchObject({ status: 125, stdout: '' });
    expect((await ctl.run('run', '--host', '--user', 'no-such-user', '--', 'true')).stderr).toContain('there is no user no-such-user on this host');
  });

  test('-d prints the name and nothing else; a name that is taken is refused; it starts again by its name', async () => {
    expect(await ctl.says('run', '-d', '--name', name, '--host', '--', 'sleep', '1000')).toBe(`${name}\n`);
    const refused = await ctl.run('run', '--name', name, '--host', '--', 'true');
    expect(refused).toMatchObject({ status: 125, stdout: '' });
    expect(refused.stderr).toMatch(new RegExp(`^holdfastctl: the name ${name} is in use \\(RUNNING, pid \\d+\\)\n  Choose another --name`));
    expect(await ctl.says('stop', name)).toBe(`${name}: stopped\n`);
    expect(await ctl.says('start', name)).toBe(`${name}: started\n`);
    await host.restartDaemon('SIGKILL');
    expect(await ctl.says('status', name)).toMatch(/RUNNING/);
  });

  test('two daemons of one host may have programs of one name', async () => {
    const other = await TestHost.withDaemon();
    const others = new Ctl(other);
    try {
      for (const each of [ctl, others]) expect(await each.prints('run', '-d', '--name', name, '--host', '--', 'sleep', '1000')).toBe(`${name}\n`);
      await ctl.run('rm', '--force', name);
      expect(await others.prints('status', name)).toMatch(/RUNNING/);
    } finally {
      others.close();
      await others.run('rm', '--force', name);
      await other.cleanUp();
    }
  });

  test('its environment, user, directory and limits are those of the command line', async () => {
    const script = 'id -un; pwd; echo "$HOME $A ${HOLDFAST_ADDRESS-none}"; cat "/sys/fs/cgroup/pids$(sed -n s/.*:pids://p /proc/self/cgroup)/pids.max"';
    const { stdout } = await ctl.run('run', '--rm', '--host', '-u', 'daemon', '-e', 'A=1', '--cwd', '/tmp', '--pids', '77', '--', 'sh', '-c', script);
    expect(stdout).toBe('daemon\n/tmp\n/usr/sbin 1 none\n77\n');
  });

  test('a variable that is kept from Node is passed on where it is asked for', async () => {
    const shell = ctl.shellOnTerminal(`NODE_EXTRA_CA_CERTS=/no/such exec ${ctl.commandLine('run', '--rm', '--host', '-e', 'NODE_EXTRA_CA_CERTS', '--', 'printenv', 'NODE_EXTRA_CA_CERTS')}`);
    expect(await shell.ended).toMatchObject({ status: 0, stdout: '/no/such\r\n' });
  });

  test('-t gives it a terminal, and what is typed comes there', async () => {
    const shell = ctl.startOnTerminal('run', '--rm', '-t', '--host', '--', 'sh');
    shell.send('tty && echo "is $((1 + 1))"; exit 5\n');
    const { status, stdout } = await shell.ended;
    expect(stdout).toMatch(/\/dev\/pts\/\d+[^]*is 2/);
    expect(status).toBe(5);
  });

  test('a bundle runs just so', async () => {
    const bundle = host.bundle(name, { args: ['sh', '-c', 'echo inside; exit 3'] });
    expect(await ctl.run('run', '--rm', '--bundle', bundle)).toEqual({ status: 3, stdout: 'inside\n', stderr: '' });
  });

  test('a container of a root file system: limits, mounts, user, names of its own', async () => {
    const shared = host.own('shared');
    mkdirSync(shared);
    writeFileSync(join(shared, 'word'), 'from outside\n');
    const script = 'cat /mnt/word; touch /mnt/x; id -un; echo "$HOME $A $B"; hostname; cat "/sys/fs/cgroup/pids$(sed -n s/.*:pids://p /proc/self/cgroup)/pids.max" 2>/dev/null; exit 42';
    const args = ['run', '--rm', '--rootfs', sharedRootfs(), '--read-only', '-v', `${shared}:/mnt:ro`, '-u', 'user', '-e', 'A=1', '-e', 'HOME_OF_NOBODY', '--hostname', 'inside', '--pids', '99', '--', 'sh', '-c', script];
    const { status, stdout, stderr } = await ctl.run(...args);
    expect({ status, stdout }).toEqual({ status: 42, stdout: 'from outside\nuser\n/tmp 1 \ninside\n' });
    expect(stderr).toBe('touch: /mnt/x: Read-only file system\n');
    expect(JSON.parse(await ctl.says('ps', '--all', '--json'))).toEqual([]);
  });

  test('a container of a root file system starts again by its name, with its limits, also after the daemon', async () => {
    expect(await ctl.says('run', '-d', '--name', name, '--rootfs', sharedRootfs(), '--read-only', '--memory', '32m', '--', 'sleep', '1000')).toBe(`${name}\n`);
    await host.restartDaemon('SIGKILL');
    expect(await ctl.prints('restart', name, '-t', '0')).toBe(`${name}: stopped\n${name}: started\n`);
    expect(await ctl.says('why', name)).toContain('limits       memory 32M');
  });

  test('what cannot be had is said before anything is started; what is not in the root is 127, and only that is said', async () => {
    const rootfs = sharedRootfs();
    expect(await ctl.run('run', '--rootfs', rootfs, '--read-only', '--', '/no/such')).toEqual({ status: 127, stdout: '', stderr: 'holdfastctl: /no/such: no such file\n' });
    expect(await ctl.run('run', '--rootfs', rootfs, '--read-only', '--', '/etc/passwd')).toEqual({ status: 126, stdout: '', stderr: 'holdfastctl: /etc/passwd: cannot be executed\n' });
    const errors = [
      [['--rootfs', '/no/such/root', '--', 'true'], 'no such directory: /no/such/root'],
      [['--rootfs', rootfs, '-v', 'data:/mnt', '--', 'true'], '-v data:/mnt: '],
      [['--rootfs', rootfs, '-v', '/tmp:/mnt:fast', '--', 'true'], 'there is no option fast'],
      [['--rootfs', rootfs, '-u', 'daemon', '--', 'true'], `there is no user daemon in ${rootfs}`],
      [['--rootfs', rootfs, '--network', 'bridge', '--', 'true'], 'there is no network bridge'],
      [['--host', '-v', '/tmp:/mnt', '--', 'true'], "--volume is for containers: a program of the host has the host's files"],
      [['--host', '--rootfs', rootfs, '--', 'true'], 'run takes an image, or --host and a command, or --rootfs'],
      [['UPPER', '--', 'true'], '"UPPER" is not a name of an image'],
      [['--host', '--entrypoint', 'x', '--', 'true'], '--entrypoint is for images'],
    ] as const;
    for (const [args, words] of errors) {
      const { status, stdout, stderr } = await ctl.run('run', ...args);
      expect({ args, status, stdout, stderr }).toEqual({ args, status: 125, stdout: '', stderr: expect.stringContaining(words) as string });
    }
    expect(JSON.parse(await ctl.says('ps', '--all', '--json'))).toEqual([]);
  });

  test('memory that runs out is said, with its limit', async () => {
    expect(await ctl.run('run', '--rootfs', sharedRootfs(), '--read-only', '--memory', '16m', '--', 'tail', '/dev/zero')).toEqual({ status: 137, stdout: '', stderr: 'holdfastctl: tail was killed: out of memory (limit 16M)\n' });
    expect(await ctl.run('run', '--host', '--', 'sh', '-c', 'kill -9 $$')).toEqual({ status: 137, stdout: '', stderr: '' });
  });

  test('--save writes a definition of what has started, and never over a file', async () => {
    const file = host.own('web.toml');
    const args = ['--host', '--name', name, '--memory', '64m', '--cpus', '1.5', '-e', 'A=b c', '-u', 'daemon', '--cwd', '/tmp', '-l', 'tier=web', '--no-new-privileges', '--save', file];
    expect(await ctl.run('run', ...args, '--', '/no/such')).toMatchObject({ status: 127 });
    expect(existsSync(file)).toBe(false);
    await ctl.says('run', '-d', ...args, '--', 'sleep', '1000');
    expect(parse(readFileSync(file, 'utf8'))).toEqual({
      program: {
        [name]: {
          command: ['sleep', '1000'],
          directory: '/tmp',
          user: 'daemon',
          environment: { A: 'b c' },
          labels: { tier: 'web' },
          no_new_privileges: true,
          limits: { memory: '64m', cpus: 1.5 },
        },
      },
    });
    // And by the agent's own reader it is one program, without an error.
    const { programs, errors } = bringTogether(noDefinitions, await readDefinitionFiles([file]));
    expect(errors).toEqual([]);
    expect([...programs.keys()]).toEqual([name]);
    const again = await ctl.run('run', '--host', '--save', file, '--', 'true');
    expect(again).toMatchObject({ status: 125, stderr: expect.stringContaining(`--save: ${file} is there already`) as string });
    // And of a container.
    const other = host.own('other.toml');
    expect(await ctl.prints('run', '--rm', '--rootfs', sharedRootfs(), '-v', `${host.own('.')}:/mnt:ro`, '--hostname', 'box.example', '--read-only', '--save', other, '--', 'hostname')).toBe('box.example\n');
    expect(parse(readFileSync(other, 'utf8'))).toEqual({
      program: { other: { command: ['hostname'], rootfs: sharedRootfs(), volumes: [`${host.own('.')}:/mnt:ro`], hostname: 'box.example', read_only_paths: ['/'] } },
    });
    expect((await readDefinitionFiles([other])).flatMap(({ errors: found }) => found)).toEqual([]);
  });
});
