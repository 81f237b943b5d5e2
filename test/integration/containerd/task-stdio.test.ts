import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { TasksService } from '../../../src/api/gen/containerd/services/tasks/v1/tasks';
import { ClientStdio } from '../../support/client-stdio';
import { failureOf } from '../../support/failure';
import { FifoReader } from '../../support/fifo';
import { untilContains } from '../../support/files';
import { untilLogged } from '../../support/log-lines';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedHost } from '../../support/shared-host';
import { SlowReader } from '../../support/slow-reader';
import { killDaemonAndShims, killShims } from '../../support/shims';
import { TaskHost } from '../../support/task-host';
import type { TestHost } from '../../support/test-host';
import { upgradeShims } from '../../support/upgrade-shims';

const say = ['sh', '-c', 'echo out; echo err >&2'];
const modeOf = (path: string): number => statSync(path).mode & 0o777;

describeOnHost('stdio of tasks', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  let tasks: TaskHost;
  beforeEach(async () => {
    host = await shared.take();
    tasks = new TaskHost(host);
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  const run = async (id: string): Promise<number> => {
    await tasks.start(id);
    const { exit_status: status } = await tasks.wait(id);
    await tasks.delete(id);
    return status;
  };

  test('file://: both outputs are appended to one file, made with its directories', async () => {
    const log = host.own('logs/of/box');
    const stdout = `file://${log}`;
    await tasks.create('box', { args: say }, { stdout, stderr: stdout });
    expect(await tasks.get('box')).toMatchObject({ stdin: '', stdout, stderr: stdout });
    expect([log, dirname(log), dirname(dirname(log))].map(modeOf)).toEqual([0o644, 0o755, 0o755]);
    await run('box');
    expect(readFileSync(log, 'utf8')).toBe('out\nerr\n');
    // Whatever stderr says.
    await tasks.createTask('box', { stdout, stderr: '' });
    await run('box');
    expect(readFileSync(log, 'utf8')).toBe('out\nerr\nout\nerr\n');
  });

  test('file:// of an exec, with a FIFO for its input', async () => {
    await tasks.create('box', { args: ['sleep', '1000'] });
    await tasks.start('box');
    const log = host.own('logs/with space');
    const stdio = host.stdio('exec');
    await tasks.exec('box', 'exec', ['sh', '-c', 'read line; echo "got $line"; exit 3'], { ...stdio.paths, stdout: `file://${log.replace(' ', '%20')}` });
    await tasks.start('box', 'exec');
    await stdio.stdin.write('word\n');
    expect(await tasks.wait('box', 'exec')).toMatchObject({ exit_status: 3 });
    await untilContains(log, 'got word\n');
    await tasks.end('box');
  });

  test('file:// with a terminal', async () => {
    const log = host.own('terminal');
    await tasks.create('box', { args: ['sh', '-c', 'tty; echo err >&2'], terminal: true }, { stdout: `file://${log}`, terminal: true });
    await run('box');
    expect(readFileSync(log, 'utf8')).toBe('/dev/pts/0\r\nerr\r\n');
  });

  test('file:// goes on when the daemon and then the shim are killed', async () => {
    const log = host.own('log');
    const stdio = host.stdio('box');
    await tasks.create('box', { args: ['sh', '-c', 'while read line; do echo "$line"; done; exit 5'] }, { ...stdio.paths, stdout: `file://${log}` });
    await tasks.start('box');
    await stdio.stdin.write('one\n');
    await untilContains(log, 'one\n');
    await host.restartDaemon('SIGKILL');
    tasks = new TaskHost(host);
    stdio.open();
    await stdio.stdin.write('two\n');
    await untilContains(log, 'two\n');
    await killShims(host);
    await stdio.stdin.write('three\n');
    await untilContains(log, 'three\n');
    await tasks.end('box');
    expect(readFileSync(log, 'utf8')).toBe('one\ntwo\nthree\n');
  });

  const closeIo = (id: string, execId = '') => tasks.ask(TasksService.closeIo, { container_id: id, exec_id: execId, stdin: true });

  test('after CloseIO who opens /dev/stdin by its name sees the end of it, too', async () => {
    const stdio = host.stdio('box');
    await tasks.create('box', { args: ['sh', '-c', 'cat; cat /dev/stdin; echo end; sleep 1000'] }, stdio.paths);
    await tasks.start('box');
    await stdio.stdin.write('one\n');
    await stdio.stdout.until('one\n');
    await closeIo('box');
    // It is the client's end that counts.
    await stdio.stdin.write('two\n');
    stdio.stdin.close();
    await stdio.stdout.until('one\ntwo\nend\n');
    const input = host.stdio('exec');
    await tasks.exec('box', 'exec', ['sh', '-c', 'cat; cat /dev/stdin; exit 4'], input.paths);
    await closeIo('box', 'exec');
    await tasks.start('box', 'exec');
    await input.stdin.write('in\n');
    input.stdin.close();
    expect(await tasks.wait('box', 'exec')).toMatchObject({ exit_status: 4 });
    await input.stdout.until('in\n');
    await tasks.end('box');
  });

  test('a process whose user is another one may open its stdin by its name', async () => {
    const stdio = host.stdio('box');
    await tasks.create('box', { args: ['sh', '-c', 'cat /dev/stdin; exit 3'], uid: 1000, gid: 1000 }, stdio.paths);
    await tasks.start('box');
    await stdio.stdin.write('in\n');
    stdio.stdin.close();
    await closeIo('box');
    expect(await tasks.wait('box')).toMatchObject({ exit_status: 3 });
    await stdio.stdout.until('in\n');
    await tasks.delete('box');
  });

  test.each([
    ['the shim', async () => {
      await killShims(host);
    }],
    ['nobody, but the shim goes on as another program', async () => {
      expect(await upgradeShims(host)).toBe(1);
    }],
    ['the daemon, and then the shim', async () => {
      await host.restartDaemon('SIGKILL');
      tasks = new TaskHost(host);
      await killShims(host);
    }],
  ])('what was written before CloseIO comes whole, and then the end, whoever is killed: %s', async (_, kill) => {
    const stdio = host.stdio('box');
    // More than a pipe holds, less than pipe and FIFO.
    const text = 'x'.repeat(99_999);
    await tasks.create('box', { args: ['sh', '-c', 'wc -c; cat /dev/stdin; exit 7'] }, stdio.paths);
    await tasks.start('box');
    await tasks.ask(TasksService.pause, { container_id: 'box' });
    await stdio.stdin.write(text);
    stdio.stdin.close();
    await closeIo('box');
    stdio.stdout.close();
    await kill();
    const stdout = new FifoReader(stdio.paths.stdout);
    await tasks.ask(TasksService.resume, { container_id: 'box' });
    expect(await tasks.wait('box')).toMatchObject({ exit_status: 7 });
    expect(await stdout.untilEnd()).toBe('99999\n');
    await tasks.delete('box');
  });

  test('input goes on when the shim is killed, and when the daemon is', async () => {
    const stdio = host.stdio('box');
    await tasks.create('box', { args: ['cat'] }, stdio.paths);
    await tasks.start('box');
    await killShims(host);
    await stdio.stdin.write('one\n');
    await stdio.stdout.until('one\n');
    await host.restartDaemon('SIGKILL');
    tasks = new TaskHost(host);
    stdio.open();
    await stdio.stdin.write('two\n');
    await stdio.stdout.until('two\n');
    await closeIo('box');
    stdio.stdin.close();
    expect(await tasks.wait('box')).toMatchObject({ exit_status: 0 });
    await tasks.delete('box');
  });

  test('and when both are killed at once, for a process that does not read just then', async () => {
    const stdio = host.stdio('box');
    await tasks.create('box', { args: ['cat'] }, stdio.paths);
    await tasks.start('box');
    await tasks.ask(TasksService.pause, { container_id: 'box' });
    await stdio.stdin.write('one\n');
    await killDaemonAndShims(host);
    await host.startDaemon();
    tasks = new TaskHost(host);
    await untilLogged(host, ({ msg }) => msg === 'adopted by another shim', 'the adoption');
    stdio.open();
    await stdio.stdin.write('two\n');
    await tasks.ask(TasksService.resume, { container_id: 'box' });
    await stdio.stdout.until('one\ntwo\n');
    await closeIo('box');
    stdio.stdin.close();
    expect(await tasks.wait('box')).toMatchObject({ exit_status: 0 });
    await tasks.delete('box');
  });

  test('one output of two, a FIFO and a file, one file for both', async () => {
    const { paths } = new ClientStdio(host.own('stdio'), false);
    const log = host.own('log');
    writeFileSync(log, 'before\n');
    await tasks.record('box', { args: say });
    const said = async (request: { readonly stdout?: string; readonly stderr?: string }) => {
      const readers = [new FifoReader(paths.stdout), new FifoReader(paths.stderr)];
      await tasks.createTask('box', request);
      await run('box');
      const texts = await Promise.all(readers.map(async (reader) => (Object.values(request).includes(reader.path) ? reader.untilEnd() : reader.text())));
      for (const reader of readers) reader.close();
      return texts;
    };
    expect(await said({ stdout: paths.stdout })).toEqual(['out\n', '']);
    expect(await said({ stderr: paths.stderr })).toEqual(['', 'err\n']);
    expect(await said({ stdout: paths.stdout, stderr: `file://${log}` })).toEqual(['out\n', '']);
    expect(await said({ stdout: log, stderr: paths.stderr })).toEqual(['', 'err\n']);
    expect(await said({ stdout: log, stderr: log })).toEqual(['', '']);
    expect(readFileSync(log, 'utf8')).toBe('before\nerr\nout\nout\nerr\n');
  });

  test('a terminal with a stderr of its own has one output all the same', async () => {
    const stdio = host.stdio('box');
    await tasks.create('box', { args: say, terminal: true }, { ...stdio.paths, terminal: true });
    await run('box');
    await stdio.stdout.until('out\r\nerr\r\n');
    expect(stdio.stderr.text()).toBe('');
  });

  // A client's ctr stops reading once it hears of the end, and loses what is in its FIFOs then.
  test.each([
    ['of a container', false, false],
    ['of one with a terminal', true, false],
    ['of an exec', false, true],
    ['of an exec with a terminal', true, true],
  ])('an end is told once a slow reader has what was said: %s', async (_what, terminal, isExec) => {
    const { paths } = new ClientStdio(host.own('slow'), terminal);
    const stdio = { ...paths, stdin: '', terminal };
    const args = ['seq', '30000'];
    await (isExec ? tasks.create('box', { args: ['sleep', '1000'] }) : tasks.create('box', { args, terminal }, stdio));
    if (isExec) await tasks.start('box');
    if (isExec) await tasks.exec('box', 'exec', args, stdio);
    const reader = new SlowReader(paths.stdout);
    await tasks.start('box', isExec ? 'exec' : '');
    const readAtEnd = tasks.wait('box', isExec ? 'exec' : '').then(() => reader.readBytes);
    const text = await reader.untilContains('30000');
    expect(await readAtEnd).toBe(text.length);
    reader.close();
    await (isExec ? tasks.end('box') : tasks.delete('box'));
  });

  test('what is not there, or is nothing that stdio could be, is a clear error, and nothing is left', async () => {
    const nowhere = host.own('nowhere');
    await tasks.record('box', { args: say });
    const refusals = [
      [{ stdin: nowhere }, 2, `failed to create shim task: open ${nowhere}: no such file or directory: unknown`],
      [{ stdout: nowhere }, 2, `failed to create shim task: open ${nowhere}: no such file or directory: unknown`],
      [{ stdout: host.directory }, 2, `failed to create shim task: ${host.directory} is neither a FIFO, nor a file, nor a character device: unknown`],
      [{ stdout: 'file://relative' }, 3, 'stdout must be an absolute path: "file://relative": invalid argument'],
      [{ stdin: 'file:///x' }, 3, 'stdin must be a FIFO: "file:///x": invalid argument'],
      [{ stdout: 'zz://x' }, 2, 'failed to create shim task: failed to create init process I/O: unknown STDIO scheme zz: unknown'],
      [{ stdout: `file://${host.directory}/own` }, 2, `failed to create shim task: ${host.directory}/own is neither a FIFO, nor a file, nor a character device: unknown`],
    ] as const;
    for (const [stdio, code, details] of refusals) expect(await failureOf(tasks.createTask('box', stdio))).toMatchObject({ code, details });
    expect(await failureOf(tasks.get('box'))).toMatchObject({ code: 5, details: 'task box not found' });
    await tasks.create('other', { args: ['sleep', '1000'] });
    await tasks.start('other');
    await tasks.exec('other', 'exec', ['cat'], { stdin: join(nowhere, 'at', 'all') });
    expect(await failureOf(tasks.start('other', 'exec'))).toMatchObject({ code: 2, details: `open ${nowhere}/at/all: no such file or directory: unknown` });
    await tasks.end('other');
  });
});
