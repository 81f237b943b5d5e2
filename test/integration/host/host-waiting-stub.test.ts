import { readdirSync, readFileSync } from 'node:fs';

import { failureOf } from '../../support/failure';
import { HostPrograms } from '../../support/host-programs';
import { processOf, signalExactly, type SeenProcess, waitForExit } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedHost } from '../../support/shared-host';
import { killShims, shimOf } from '../../support/shims';
import type { TestHost } from '../../support/test-host';
import { until } from '../../support/until';
import { upgradeShims } from '../../support/upgrade-shims';
import { stubThatWaits, waitingStubsOf } from '../../support/waiting-stub';

describeOnHost('the shell that waits for the next host program', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  let programs: HostPrograms;
  let stub: SeenProcess;
  beforeEach(async () => {
    host = await shared.take();
    programs = new HostPrograms(host);
    stub = await stubThatWaits(host, programs);
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  test('becomes it, with what was asked for and nothing of its own, and another one waits', async () => {
    const stdio = host.stdio('web');
    const args = ['sh', '-c', 'ls -l /proc/$$/fd; pwd; id -u; umask; cat /proc/$$/environ | tr "\\0" "\\n"; echo "$1"; read line; echo "$line" >&2; exit 7', 'it\'s', '$HOME `x`\n*'];
    const pid = await programs.createProgram('web', { args, cwd: '/tmp', env: ['A=it\'s', 'odd.name=1'], user: { uid: 12345, gid: 1, umask: 0o077 } }, stdio.paths);
    expect(pid).toBe(stub.pid);
    expect(readFileSync(`/proc/${pid}/cgroup`, 'utf8')).toContain(`${host.cgroup}/web`);
    const ended = programs.wait('web');
    await programs.start('web');
    await stdio.stdin.write('words\n');
    expect((await ended).exit_status).toBe(7);
    expect(await stdio.stderr.untilEnd()).toBe('words\n');
    const lines = (await stdio.stdout.untilEnd()).split('\n');
    const descriptors = lines.filter((line) => line.includes(' -> ')).map((line) => line.replace(/^.* (\d+ -> .*)$/, '$1'));
    expect(descriptors).toEqual([`0 -> ${stdio.paths.stdin}`, `1 -> ${stdio.paths.stdout}`, `2 -> ${stdio.paths.stderr}`]);
    expect(lines.slice(lines.indexOf('/tmp'))).toEqual(['/tmp', '12345', '0077', 'A=it\'s', expect.stringMatching(/^PATH=/), 'odd.name=1', '$HOME `x`', '*', '']);
    await programs.delete('web');
    await until('the next', () => waitingStubsOf(host), ([next]) => next !== undefined && next.pid !== stub.pid);
  });

  test('has a terminal, and a pid namespace, where they are asked for', async () => {
    const stdio = host.stdio('shell', true);
    const pid = await programs.run('shell', { args: ['sh'], terminal: true, pidNamespace: true }, stdio.paths);
    expect(processOf(stub.pid)).toBeUndefined();
    await stdio.stdin.write('echo "is $$" >/dev/tty; ls /proc/self/fd | wc -l\n');
    await stdio.stdout.until('is 1');
    // Its own directory is the fourth.
    await stdio.stdout.until('4');
    // A shell closes its own end of a pipe only once it has started who reads it.
    await until('no descriptor but its own', () => readdirSync(`/proc/${pid}/fd`).join(' '), (fds) => fds === '0 1 10 2');
    const ended = programs.wait('shell');
    await stdio.stdin.write('exit 9\n');
    expect((await ended).exit_status).toBe(9);
    await programs.delete('shell');
  });

  test('what it cannot become is said, and the next program starts all the same', async () => {
    expect((await failureOf(programs.createProgram('none', { args: ['/no/such'] }))).message).toContain('exec: "/no/such": no such file or directory');
    expect(processOf(stub.pid)).toBeUndefined();
    expect((await programs.outcome('web', { args: ['sh', '-c', 'echo up; exit 3'] }))).toEqual({ status: 3, output: 'up\n' });
  });

  test('with more words than it can be told at once, a program has a shell of its own', async () => {
    const word = 'w'.repeat(100_000);
    const { output } = await programs.outcome('long', { args: ['printf', '%s', word] });
    expect(output).toBe(word);
    expect(processOf(stub.pid)).toEqual(stub);
  });

  test('where it has been killed, a program has one of its own', async () => {
    signalExactly(stub, 'SIGKILL');
    await waitForExit(stub.pid);
    expect((await programs.outcome('web', { args: ['sh', '-c', 'exit 3'] })).status).toBe(3);
  });

  test('ends with its shim, and before that goes on as another program', async () => {
    const before = shimOf(host);
    await programs.run('web', { args: ['sleep', '1000'] });
    const [next] = await until('the next', () => waitingStubsOf(host), ({ length }) => length === 1);
    expect(await upgradeShims(host)).toBe(1);
    expect(shimOf(host).pid).toBe(before.pid);
    expect(processOf(next?.pid ?? 0)).toBeUndefined();
    await programs.end('web');
    const last = await stubThatWaits(host, programs, 'last');
    await killShims(host);
    await waitForExit(last.pid);
  });
});
