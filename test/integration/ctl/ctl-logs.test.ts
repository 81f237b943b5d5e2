import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';

import { mkfifo, unreadBytes } from '../../../src/sys/files/files';
import type { Ctl } from '../../support/ctl';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedCtl } from '../../support/shared-ctl';
import type { TestHost } from '../../support/test-host';
import { until } from '../../support/until';

const counted = (to: number): string => Array.from({ length: to }, (_, index) => `${String(index + 1)}\n`).join('');
const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/;

describeOnHost('holdfastctl logs and tail', realContainers, () => {
  const shared = new SharedCtl();
  let host: TestHost;
  let ctl: Ctl;
  let name: string;
  beforeEach(async () => {
    ({ host, ctl, name } = await shared.take());
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  const run = async (script: string, as = name): Promise<void> => {
    await ctl.prints('run', '-d', '--name', as, '--host', '--', 'sh', '-c', script);
  };

  test('logs: the text as it was, each stream to its own; with times, as JSON, and what matches alone', async () => {
    // One after the other, each once what comes before is kept: the copier takes both streams when it comes to them.
    await run('echo out; until [ -e one ]; do sleep 0.05; done; echo err >&2; until [ -e two ]; do sleep 0.05; done; printf end');
    await until('the first line', () => ctl.run('logs', name), ({ stdout }) => stdout === 'out\n');
    writeFileSync(host.own('one'), '');
    await until('the second', () => ctl.run('logs', name), ({ stderr }) => stderr === 'err\n');
    writeFileSync(host.own('two'), '');
    await ctl.prints('wait', name);
    expect(await ctl.run('logs', name)).toEqual({ status: 0, stdout: 'out\nend', stderr: 'err\n' });
    const timed = (await ctl.prints('logs', '-t', name)).split('\n').map((line) => line.split(' '));
    expect(timed.map(([, ...rest]) => rest.join(' '))).toEqual(['stdout out', 'stderr err', 'stdout end', '']);
    expect(timed[0]?.[0]).toMatch(time);
    const lines = (await ctl.prints('logs', '--json', '-n', '2', name)).trim().split('\n').map((line) => JSON.parse(line) as { readonly time: string });
    expect(lines).toEqual([
      { time: timed[1]?.[0], name, stream: 'stderr', text: 'err', partial: false },
      { time: timed[2]?.[0], name, stream: 'stdout', text: 'end', partial: true },
    ]);
    expect(await ctl.prints('logs', '--grep', '^o', name)).toBe('out\n');
    expect(await ctl.prints('logs', '--stream', 'stdout', '--since', timed[2]?.[0] ?? '', name)).toBe('end');
    expect(await ctl.prints('logs', '--until', timed[1]?.[0] ?? '', name)).toBe('out\n');
    expect(await ctl.run('logs', '--grep', '(', name)).toMatchObject({ status: 2, stdout: '' });
  });

  test('a reader that takes its time gets the last bytes, too', async () => {
    // The second take is more than a pipe of 64 KiB has room for then, and less than Node waits for.
    await run('head -c 60000 /dev/zero; sleep 0.2; head -c 10000 /dev/zero');
    await ctl.prints('wait', name);
    // All is written within some milliseconds of its first byte: by then holdfastctl would have ended.
    const line = `${ctl.commandLine('--address', host.socketPath, 'logs', name)} | { head -c 1; sleep 1; cat; } | wc -c`;
    expect((await promisify(execFile)('sh', ['-c', line])).stdout.trim()).toBe('70000');
  });

  test('Ctrl-C, once more, ends one that follows and is stuck with a reader that does not read', async () => {
    await run('head -c 3000000 /dev/zero; exec sleep 1000');
    const path = join(host.directory, 'unread');
    mkfifo(path, 0o600);
    const fd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    const child = spawn('sh', ['-c', `exec ${ctl.commandLine('--address', host.socketPath, 'logs', '-f', name)} >${path}`], { stdio: 'ignore' });
    const ended = once(child, 'exit');
    try {
      // Nothing tells a pipe's reader that it is full: pipe(7), 64 KiB.
      while (unreadBytes(fd) < 65_536) await delay(20);
      // Pressed again and again: two that come at once are one.
      let isOver = false;
      for (let presses = 0; presses < 20 && !isOver; presses += 1) {
        child.kill('SIGINT');
        isOver = await Promise.race([ended, delay(500)]) !== undefined;
      }
      expect(isOver).toBe(true);
    } finally {
      child.kill('SIGKILL');
      closeSync(fd);
      rmSync(path);
    }
  });

  test('logs of several are in the order of their time, and told apart', async () => {
    await run('echo one; sleep 0.4; echo three', 'a');
    await run('sleep 0.2; echo two', 'other');
    for (const each of ['a', 'other']) await ctl.prints('wait', each);
    const said = await ctl.prints('logs', 'a', 'other');
    expect(said.split('\n').sort()).toEqual(['', 'a     | one', 'a     | three', 'other | two']);
    const times = (await ctl.prints('logs', '-t', 'a', 'other')).trim().split('\n').map((line) => line.slice(8).split(' ')[0] ?? '');
    expect([...times].sort()).toEqual(times);
  });

  test('logs and tail of what is not there, or not kept', async () => {
    await ctl.prints('run', '-d', '--name', name, '--host', '--', 'true');
    const bundle = host.bundle('files', { args: ['echo', 'x'] });
    await ctl.prints('start', 'files', bundle, '--stdout', host.own('out'), '--stderr', host.own('err'));
    expect(await ctl.run('logs', 'nosuch')).toMatchObject({ status: 1, stdout: 'nosuch: ERROR (no log file)\n' });
    expect(await ctl.run('logs', 'files')).toEqual({ status: 1, stdout: 'files: ERROR (no log file)\n', stderr: `  The output of files goes to ${host.own('out')} and ${host.own('err')}\n` });
    expect(await ctl.run('tail', 'files')).toMatchObject({ status: 1, stdout: 'files: ERROR (no log file)\n' });
    for (const args of [['nosuch'], ['-f', 'nosuch']]) expect(await ctl.run('tail', ...args)).toMatchObject({ status: 1, stdout: 'nosuch: ERROR (no such process name)\n' });
    // What is not there keeps nobody else's output back.
    expect(await ctl.run('logs', name, 'nosuch')).toMatchObject({ status: 1, stdout: 'nosuch: ERROR (no log file)\n' });
  });

  // Each as Debian's supervisorctl 4.2.5 answers.
  test('tail: bytes and a newline, in supervisorctl\'s forms', async () => {
    await run('seq 2000; seq 5 >&2; printf end');
    await ctl.prints('wait', name);
    const all = `${counted(2000)}end`;
    expect(await ctl.prints('tail', name)).toBe(`${all.slice(-1600)}\n`);
    expect(await ctl.prints('tail', '-20', name)).toBe(`${all.slice(-20)}\n`);
    expect(await ctl.prints('tail', '-0', name)).toBe(`${all}\n`);
    expect(await ctl.prints('tail', '-5', name, 'stderr')).toBe('\n4\n5\n\n');
    const errors: readonly (readonly [readonly string[], string])[] = [
      [[], 'too few arguments'], [['-f'], 'tail requires process name'], [['-x', name], 'bad argument -x'],
      [[name, 'foo'], "bad channel 'foo'"], [[name, 'stdout', 'extra'], "bad channel 'extra'"],
    ];
    for (const [args, words] of errors) expect(await ctl.run('tail', ...args)).toMatchObject({ status: 1, stdout: `Error: ${words}\n` });
  });

  test('tail -f: the last 1024 bytes, what comes, and a newline at Ctrl-C', async () => {
    await run('seq 2000; while [ ! -e go ]; do sleep 0.05; done; echo later; exec sleep 1000');
    await until('all of it to be kept', () => ctl.prints('logs', name), (text) => text.endsWith('\n2000\n'));
    const tail = ctl.start('tail', '-f', name);
    await tail.printed('2000\n');
    await promisify(execFile)('touch', [host.own('go')]);
    await tail.printed('later\n');
    tail.kill('SIGINT');
    expect(await tail.ended).toEqual({ status: 0, stdout: `==> Press Ctrl-C to exit <==\n${counted(2000).slice(-1024)}later\n\n`, stderr: '' });
  });

  test('logs -f goes on over restarts of the program and of the daemon, says how each run ended, and ends when it is removed', async () => {
    await run('trap "exit 3" TERM; echo up; while :; do sleep 0.05; done');
    const logs = ctl.start('logs', '-f', name);
    await logs.printed('up\n');
    await host.restartDaemon('SIGKILL');
    await ctl.prints('restart', name);
    await logs.printed('up\nup\n');
    await ctl.prints('rm', '--force', name);
    const { status, stdout, stderr } = await logs.ended;
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'up\nup\n' });
    expect(stderr.replaceAll(/after [^-]*/g, 'after T ')).toBe(`-- ${name} ended: exit status 3 after T --\n-- ${name} ended: killed by SIGKILL after T --\n-- ${name} is removed --\n`);
  });

  test('Ctrl-C in logs -f changes nothing and says so; a reader that has gone ends it', async () => {
    await run('while :; do echo again; sleep 0.05; done');
    const logs = ctl.start('logs', '-f', name);
    await logs.printed('again\n');
    logs.kill('SIGINT');
    expect(await logs.ended).toMatchObject({ status: 130, stderr: `holdfastctl: interrupted; ${name} goes on as before\n` });
    const gone = ctl.start('logs', '-f', name);
    await gone.printed('again\n');
    gone.closeOutput();
    expect(await gone.ended).toMatchObject({ status: 141, stderr: '' });
    expect(await ctl.prints('status', name)).toMatch(/RUNNING/);
  });

  test('clear removes what was written until now, says so in supervisorctl\'s words, and loses nothing of what comes', async () => {
    await run('seq 1000; while [ ! -e go ]; do sleep 0.05; done; seq 1001 2000; exec sleep 1000');
    const follower = ctl.start('logs', '-f', name);
    await follower.printed('1000\n');
    expect(await ctl.run('clear', 'nosuch', name)).toMatchObject({ status: 1, stdout: `nosuch: ERROR (no such process)\n${name}: cleared\n` });
    expect(await ctl.prints('logs', name)).toBe('');
    await promisify(execFile)('touch', [host.own('go')]);
    await follower.printed('2000\n', 1);
    follower.kill('SIGKILL');
    expect((await follower.ended).stdout).toBe(counted(2000));
    expect(await ctl.prints('logs', name)).toBe(counted(2000).slice(counted(1000).length));
    expect(await ctl.run('clear')).toMatchObject({ status: 1, stdout: 'Error: clear requires a process name\n' });
    expect(await ctl.prints('clear', 'all')).toContain(`${name}: cleared\n`);
    expect(await ctl.prints('events', '--until', 'now', '--since', '1h', '--type', 'clear', '--name', name)).toMatch(/ clear .* by uid 0 \(pid \d+\)\n/);
  });

  test('on a terminal it is the same text', async () => {
    await run('echo out; echo err >&2');
    await ctl.prints('wait', name);
    const { stdout } = await ctl.startOnTerminal('logs', '-t', name).ended;
    expect(stdout.split('\r\n').map((line) => line.split(' ').slice(1).join(' ')).sort()).toEqual(['', 'stderr err', 'stdout out']);
  });
});
