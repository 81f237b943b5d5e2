import { existsSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { failureOf } from '../../support/failure';
import { HostPrograms } from '../../support/host-programs';
import { processOf } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedHost } from '../../support/shared-host';
import type { TestHost } from '../../support/test-host';

describeOnHost('host programs', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  let programs: HostPrograms;
  beforeEach(async () => {
    host = await shared.take();
    programs = new HostPrograms(host);
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  test('one is created, started, ended and deleted, in the namespaces of the host and a cgroup of its own', async () => {
    const stdio = host.stdio('web');
    const pid = await programs.createProgram('web', { args: ['sh', '-c', 'echo up; read line; echo "$line" >&2; exit 7'] }, stdio.paths);
    expect(await programs.statusOf('web')).toBe('CREATED');
    const ended = programs.wait('web');
    expect(await programs.start('web')).toBe(pid);
    await stdio.stdout.until('up\n');
    for (const kind of ['mnt', 'net', 'pid', 'ipc', 'uts', 'user', 'cgroup']) {
      expect(readlinkSync(`/proc/${pid}/ns/${kind}`)).toBe(readlinkSync(`/proc/self/ns/${kind}`));
    }
    expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toContain(`${host.cgroup}/web`);
    expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).toBe('sh\0-c\0echo up; read line; echo "$line" >&2; exit 7\0');
    await stdio.stdin.write('words\n');
    expect((await ended).exit_status).toBe(7);
    expect(await stdio.stderr.untilEnd()).toBe('words\n');
    expect(await programs.statusOf('web')).toBe('STOPPED');
    expect(await programs.delete('web')).toMatchObject({ pid, exit_status: 7 });
  });

  test('one that was never started is deleted with the stub that waits for it', async () => {
    const pid = await programs.createProgram('never', { args: ['sleep', '1000'] });
    await programs.delete('never');
    expect(processOf(pid)).toBeUndefined();
  });

  test('its environment is what was asked for, and nothing else', async () => {
    const env = ['A=it\'s "quoted" $HOME `x` \\', 'lines=one\ntwo', 'odd.name=1', 'IFS=,', 'PWD=/nowhere', 'OPTIND=word', 'LD_PRELOAD=', 'empty=', '=none', 'none', 'A=last'];
    const { output } = await programs.outcome('env', { args: ['/bin/cat', '/proc/self/environ'], env });
    const wanted = ['A=last', 'lines=one\ntwo', 'odd.name=1', 'IFS=,', 'PWD=/nowhere', 'OPTIND=word', 'LD_PRELOAD=', 'empty=', 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'];
    expect(output.split('\0').slice(0, -1).sort()).toEqual(wanted.sort());
  });

  test('its words are its own, whatever is in them', async () => {
    const args = ['printf', '%s|', 'it\'s', '$HOME', '`x`', '', '--', '-n', 'a\nb', '*'];
    expect((await programs.outcome('words', { args })).output).toBe('it\'s|$HOME|`x`||--|-n|a\nb|*|');
  });

  test('it has the user, groups, capabilities, limits, umask, directory and favours that were asked for', async () => {
    const script = 'id -u; id -g; id -G; umask; pwd; ulimit -n; ulimit -Hn; cat /proc/self/oom_score_adj; nice; grep -E "NoNewPrivs|CapBnd|CapAmb|CapEff" /proc/self/status; echo again >/dev/stdout';
    const { output } = await programs.outcome('user', {
      args: ['sh', '-c', script],
      user: { uid: 12345, gid: 23456, additionalGids: [34567, 45678], umask: 0o077 },
      cwd: '/tmp',
      process: {
        rlimits: [{ type: 'RLIMIT_NOFILE', soft: 100, hard: 200 }],
        noNewPrivileges: true,
        oomScoreAdj: 321,
        scheduler: { policy: 'SCHED_OTHER', nice: 5 },
        capabilities: { bounding: ['CAP_CHOWN', 'CAP_KILL'], inheritable: ['CAP_KILL'], ambient: ['CAP_KILL'] },
      },
    });
    expect(output.replaceAll('\t', ' ').split('\n')).toEqual([
      '12345', '23456', '23456 34567 45678', '0077', '/tmp', '100', '200', '321', '5',
      'CapEff: 0000000000000020', 'CapBnd: 0000000000000021', 'CapAmb: 0000000000000020', 'NoNewPrivs: 1', 'again', '',
    ]);
  });

  test.each([
    ['/no/such', 'exec: "/no/such": no such file or directory'],
    ['no-such-program', 'exec: "no-such-program": executable file not found in $PATH'],
    ['/etc/passwd', 'exec: "/etc/passwd": permission denied'],
    ['/tmp', 'exec: "/tmp": is a directory: permission denied'],
  ])('what cannot be executed is said before the start: %s', async (program, words) => {
    expect((await failureOf(programs.createProgram('web', { args: [program] }))).message).toContain(words);
    // Nothing is left that would be in the way.
    await expect(failureOf(programs.get('web'))).resolves.toMatchObject({ details: 'task web not found' });
  });

  test.each([
    ['a directory that is not there', { cwd: '/no/such' }, 'chdir to cwd ("/no/such"): no such directory'],
    ['a root', { spec: { root: { path: '/' } } }, 'a host program cannot have root'],
    ['a network namespace', { spec: { linux: { namespaces: [{ type: 'network' }] } } }, 'a host program can have a new pid namespace and a new mount namespace, and no other'],
    ['a limit that there is not', { resources: { hugepageLimits: [{}] } }, 'a host program cannot have linux.resources.hugepageLimits'],
    ['a cgroup outside of the hierarchy', { spec: { linux: { cgroupsPath: '/../x' } } }, 'cgroupsPath: expected an absolute path'],
  ])('what cannot be had is refused: %s', async (_what, options, words) => {
    expect((await failureOf(programs.createProgram('web', { args: ['true'], ...options }))).message).toContain(words);
  });

  test('a program that cannot be executed after all ends as in a shell', async () => {
    const file = host.own('garbage');
    writeFileSync(file, '#!/no/such/interpreter\n', { mode: 0o755 });
    expect((await programs.outcome('garbage', { args: [file] })).status).toBe(127);
  });

  test('with a pid namespace it is the first process in it, and all of it ends with it', async () => {
    const stdio = host.stdio('ns');
    const pid = await programs.run('ns', { args: ['sh', '-c', 'sleep 1000 & echo $$ $(cat /proc/1/comm); read line; exit 3'], pidNamespace: true }, stdio.paths);
    await stdio.stdout.until('1 sh\n');
    expect(readlinkSync(`/proc/${pid}/ns/pid`)).not.toBe(readlinkSync('/proc/self/ns/pid'));
    const inside = host.stdio('ns-exec');
    await programs.execProgram('ns', 'look', { args: ['sh', '-c', 'cat /proc/1/comm; exit 4'] }, inside.paths);
    expect(await inside.stdout.untilEnd()).toBe('sh\n');
    expect((await programs.wait('ns', 'look')).exit_status).toBe(4);
    await programs.deleteExec('ns', 'look');
    const ended = programs.wait('ns');
    await stdio.stdin.write('\n');
    expect((await ended).exit_status).toBe(3);
    await programs.delete('ns');
  });

  test('an exec is in the same cgroup and has a user of its own; one that cannot be executed is refused', async () => {
    await programs.run('web', { args: ['sleep', '1000'] });
    const stdio = host.stdio('exec');
    await programs.execProgram('web', 'look', { args: ['sh', '-c', 'cat /proc/self/cgroup; id -u; exit 5'], user: { uid: 12345, gid: 1 } }, stdio.paths);
    const said = await stdio.stdout.untilEnd();
    expect(said).toContain(`${host.cgroup}/web`);
    expect(said).toContain('\n12345\n');
    expect((await programs.wait('web', 'look')).exit_status).toBe(5);
    await programs.deleteExec('web', 'look');
    expect((await failureOf(programs.execProgram('web', 'none', { args: ['/no/such'] }))).message).toContain('exec: "/no/such": no such file or directory');
    await programs.end('web');
  });

  test.each([[false], [true]])('it has a terminal, and so has an exec; in a pid namespace: %s', async (pidNamespace) => {
    const stdio = host.stdio('shell', true);
    await programs.run('shell', { args: ['sh'], terminal: true, pidNamespace }, stdio.paths);
    await stdio.stdin.write('tty; echo "is $((1 + 1))" >/dev/tty\n');
    await stdio.stdout.until('is 2');
    expect(stdio.stdout.text()).toMatch(/\/dev\/pts\/\d+/);
    const inside = host.stdio('inside', true);
    await programs.execProgram('shell', 'look', { args: ['sh', '-c', 'echo "is $((2 + 2))" >/dev/tty; exit 6'], terminal: true, user: { uid: 12345, gid: 1 } }, inside.paths);
    await inside.stdout.until('is 4');
    expect((await programs.wait('shell', 'look')).exit_status).toBe(6);
    await programs.deleteExec('shell', 'look');
    const ended = programs.wait('shell');
    await stdio.stdin.write('exit 9\n');
    expect((await ended).exit_status).toBe(9);
    await programs.delete('shell');
  });

  test('what it leaves in its cgroup is killed when it ends', async () => {
    const stdio = host.stdio('forks');
    await programs.run('forks', { args: ['sh', '-c', 'setsid sleep 1000 & echo $!; exit 0'] }, stdio.paths);
    await programs.wait('forks');
    const left = Number((await stdio.stdout.untilEnd()).trim());
    await programs.delete('forks');
    expect(processOf(left)).toBeUndefined();
  });

  test('a directory on the way to its cgroup that belongs to nobody goes with the last of them', async () => {
    mkdirSync(host.own('x'), { recursive: true });
    await programs.run('plain', { args: ['true'], spec: { linux: {} } });
    expect(existsSync('/sys/fs/cgroup/pids/holdfast') || existsSync('/sys/fs/cgroup/holdfast')).toBe(true);
    await programs.wait('plain');
    await programs.delete('plain');
    expect(existsSync(join('/sys/fs/cgroup/pids/holdfast', 'tests'))).toBe(false);
  });
});
