import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';

import { Ctl } from '../../support/ctl';
import { writeFakeRuntime } from '../../support/fake-runtime';
import { untilExists, untilGone } from '../../support/files';
import { processesNaming, waitForExit } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedCtl } from '../../support/shared-ctl';
import { TestHost } from '../../support/test-host';
import { expectUntouched } from '../../support/untouched';

/** Answers each line that it reads; ends with 9 at the end of its input. */
const obedient = ['sh', '-c', 'while read line; do echo "got $line"; done; exit 9'];
/** Says that it is ready once its terminal has been given a size, and tells it at each line. */
const untilSized = ['sh', '-c', 'until stty size 2>&1 | grep -q "^[1-9]"; do sleep 0.02; done; echo ready; while read line; do stty size; done'];
const pidAndUptime = /pid \d+, uptime \d:\d\d:\d\d/;

describeOnHost('holdfastctl', realContainers, () => {
  const shared = new SharedCtl();
  let host: TestHost;
  let ctl: Ctl;
  beforeEach(async () => {
    ({ host, ctl } = await shared.take());
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  /** Programs are remembered after their end: they are forgotten first. */
  const forgetAndExpectUntouched = async (): Promise<void> => {
    await ctl.prints('rm', '--force', 'all');
    await expectUntouched(host);
  };

  const bundle = (id: string, args: readonly string[], terminal = false): string => host.bundle(id, { args, terminal });

  /** An absent container's `name: ERROR (what)`. */
  const error = (name: string, what: string): string => `${name}: ERROR (${what})\n`;

  describe('start, status, signal and stop', () => {
    test('in supervisorctl\'s words and exit statuses', async () => {
      expect(await ctl.prints('status')).toBe('');
      const beforeMs = Date.now();
      expect(await ctl.prints('start', 'web', bundle('web', ['sleep', '1000']))).toBe('web: started\n');
      const systemPid = (await ctl.prints('pid', 'web')).trim();
      const status = await ctl.prints('status');
      expect(status).toMatch(new RegExp(`^web {30}RUNNING   pid ${systemPid}, uptime 0:\\d\\d:\\d\\d\n$`));
      const [, minutes, seconds] = /:(\d\d):(\d\d)\n$/.exec(status) ?? [];
      expect(Number(minutes) * 60 + Number(seconds)).toBeLessThanOrEqual((Date.now() - beforeMs) / 1000);
      expect(await ctl.run('start', 'web', bundle('web', ['true']))).toEqual({ status: 0, stdout: error('web', 'already started'), stderr: '' });
      expect(await ctl.prints('stop', 'web', '--timeout', '0')).toBe('web: stopped\n');
      expect(await ctl.run('stop', 'web')).toEqual({ status: 0, stdout: error('web', 'not running'), stderr: '' });
      const shown = await ctl.run('status', 'web');
      expect(shown.status).toBe(3);
      expect(shown.stdout).toMatch(/^web {30}STOPPED {3}\w{3} \d\d \d\d:\d\d [AP]M\n$/);
      expect(await ctl.run('pid', 'web')).toEqual({ status: 7, stdout: '0\n', stderr: '' });
    });

    test('of several: names, patterns and all', async () => {
      for (const id of ['db', 'web-1', 'web-2']) await host.create(id, { args: ['sleep', '1000'] });
      const both = await ctl.prints('status', 'web-*');
      expect(both.split('\n').map((line) => line.split(' ')[0])).toEqual(['web-1', 'web-2', '']);
      const mixed = await ctl.run('status', 'db', 'ghost');
      expect(mixed.status).toBe(4);
      expect(mixed.stdout).toMatch(/^ghost: ERROR \(no such process\)\ndb {31}RUNNING/);
      expect((await ctl.prints('stop', 'web-*', '-t', '0')).split('\n').sort()).toEqual(['', 'web-1: stopped', 'web-2: stopped']);
      const events = await host.events();
      expect(await ctl.prints('signal', 'sigkill', 'all')).toBe('db: signalled\n');
      await events.untilExit('db');
      const gone = await ctl.run('stop', 'ghost');
      expect(gone).toMatchObject({ status: 1, stdout: error('ghost', 'no such process') });
    });

    test('stop waits for one that takes its time, and tells its end', async () => {
      const stdio = host.stdio('slow');
      await host.create('slow', { args: ['sh', '-c', 'trap "exit 0" TERM; echo up; while :; do sleep 0.05; done'] }, stdio.paths);
      await stdio.stdout.until('up');
      expect(await ctl.prints('stop', 'slow')).toBe('slow: stopped\n');
      await forgetAndExpectUntouched();
    });

    test('status as JSON', async () => {
      await host.create('web', { args: ['sleep', '1000'] });
      const { systemPid } = await host.initOf('web');
      const [row] = JSON.parse(await ctl.prints('status', '--json')) as unknown[];
      expect(row).toMatchObject({ name: 'web', state: 'RUNNING', pid: systemPid });
      await host.end();
    });

    test('output goes to files, made where they are not there and added to', async () => {
      const path = bundle('once', ['sh', '-c', 'echo out; echo err >&2']);
      expect(await ctl.prints('start', 'once', path, '--stdout', 'out.txt', '--stderr', host.own('err.txt'))).toBe('once: started\n');
      expect(await ctl.prints('wait', 'once')).toBe('0\n');
      // It remembers them.
      expect(await ctl.prints('start', 'once')).toBe('once: started\n');
      expect(await ctl.prints('wait', 'once')).toBe('0\n');
      expect(readFileSync(host.own('out.txt'), 'utf8')).toBe('out\nout\n');
      expect(readFileSync(host.own('err.txt'), 'utf8')).toBe('err\nerr\n');
    });

    test.each([
      ['a bundle that is not there', 7, 'spawn error', () => host.own('nowhere'), 'no such file or directory'],
      ['a command that is not there', 1, 'no such file', () => bundle('x', ['nope']), 'executable file not found'],
    ])('%s is %i, %s, with the reason and what to do', async (_title, expected, word, path, reason) => {
      const { status, stdout, stderr } = await ctl.run('start', 'x', path());
      expect({ status, stdout }).toEqual({ status: expected, stdout: error('x', word) });
      expect(stderr).toContain(reason);
      expect(stderr.split('\n')).toHaveLength(3);
      await forgetAndExpectUntouched();
    });

    test('files that cannot be made are an error before anything is started', async () => {
      const { status, stderr } = await ctl.run('start', 'x', bundle('x', ['true']), '--stdout', '/nonexistent/out');
      expect(status).toBe(1);
      expect(stderr).toMatch(/^holdfastctl: cannot make \/nonexistent\/out: .*no such file or directory.*\n$/);
      await forgetAndExpectUntouched();
    });
  });

  describe('an attached start', () => {
    test('joins stdio and passes the status on', async () => {
      const args = ['sh', '-c', 'cat; echo err >&2; exit 3'];
      const running = ctl.start('start', '--attach', 'x', bundle('x', args));
      running.send('hello\n');
      await running.printed('hello\n');
      running.endInput();
      expect(await running.ended).toEqual({ status: 3, stdout: 'hello\n', stderr: 'err\n' });
      expect(ctl.fifoDirectories).toEqual([]);
      await forgetAndExpectUntouched();
    });

    test('passes a signal on, and the status of one that kills', async () => {
      const started = ctl.start('events', '--json', '--type', 'start-container', '--since', '1m');
      const running = ctl.start('start', '-a', 'hears', bundle('hears', ['sh', '-c', 'trap "exit 4" INT; echo up; while :; do sleep 0.05; done']));
      await running.printed('up\n');
      // A signal that comes before the start is answered takes the start back.
      await started.printed('"hears"');
      started.kill('SIGKILL');
      running.kill('SIGINT');
      expect((await running.ended).status).toBe(4);
      const killed = ctl.start('start', '-a', 'x', bundle('x', ['sh', '-c', 'echo up; exec sleep 1000']));
      await killed.printed('up\n');
      await ctl.prints('signal', 'KILL', 'x');
      expect((await killed.ended).status).toBe(137);
    });

    test.each(['hangs', 'start-hangs'] as const)('is given up with a signal while the runtime %s, and undone', async (behaviour) => {
      const runtime = writeFakeRuntime(host.own('runtime'), behaviour);
      const args = ['--runtime', runtime, '--runtime-args=--root', `--runtime-args=${host.runtimeRoot}`];
      const running = ctl.start('start', '-a', 'x', bundle('x', ['true']), ...args);
      await untilExists(`${runtime}.called`);
      running.kill('SIGINT');
      expect(await running.ended).toEqual({ status: 130, stdout: '', stderr: 'holdfastctl: interrupted: the start was given up\n' });
      expect(ctl.fifoDirectories).toEqual([]);
      await Promise.all(processesNaming(runtime).map((seen) => waitForExit(seen.pid)));
      await untilGone(join(host.stateDir, 'x'));
      await forgetAndExpectUntouched();
    });

    test.each(['SIGTERM', 'SIGKILL'] as const)('outlives a restart of the daemon (%s), and an end of input meanwhile', async (signal) => {
      const running = ctl.start('start', '-a', 'x', bundle('x', obedient));
      running.send('one\n');
      await running.printed('got one\n');
      await host.stopDaemon(signal);
      running.send('two\n');
      await running.printed('got two\n');
      running.endInput();
      await host.startDaemon();
      expect(await running.ended).toEqual({ status: 9, stdout: 'got one\ngot two\n', stderr: '' });
      await forgetAndExpectUntouched();
    });

    test('whose reader goes away leaves the container running', async () => {
      const running = ctl.start('start', '-a', 'x', bundle('x', ['sh', '-c', 'while :; do echo line; sleep 0.01; done']));
      await running.printed('line\n');
      running.closeOutput();
      expect((await running.ended).status).toBe(141);
      expect(await ctl.prints('status', 'x')).toMatch(/^x +RUNNING/);
      await ctl.prints('stop', 'x', '-t', '0');
      expect(ctl.fifoDirectories).toEqual([]);
    });

    test('on a terminal: its size, its keys, and detaching', async () => {
      const terminal = ctl.startOnTerminal('start', '-a', 'x', bundle('x', untilSized, true));
      await terminal.printed('ready');
      terminal.send('again\r');
      await terminal.printed('again\r\r\n30 90');
      terminal.send('\x10\x11');
      const end = await terminal.ended;
      expect(end.status).toBe(0);
      expect(end.stdout).toContain('detached; x runs on (holdfastctl fg x)');
      expect(await ctl.prints('status')).toMatch(/^x .*RUNNING/);
      await ctl.prints('stop', 'x', '-t', '0');
      expect(ctl.fifoDirectories).toEqual([]);
      await forgetAndExpectUntouched();
    });

    test('cannot be given files too', async () => {
      const { status, stderr } = await ctl.run('start', '-a', 'x', bundle('x', ['true']), '--stdout', 'out.txt');
      expect(status).toBe(2);
      expect(stderr).toMatch(/either attached to this terminal .* or given files/);
      expect(existsSync(host.own('out.txt'))).toBe(false);
      await forgetAndExpectUntouched();
    });
  });

  describe('exec', () => {
    beforeEach(async () => {
      await host.create('box', { args: ['sleep', '1000'] });
    });

    test('without attaching tells the name, and the event its end', async () => {
      const events = await host.events();
      expect(await ctl.prints('exec', '-d', 'box', '--pid', 'job', '--', 'sh', '-c', 'exit 6')).toBe('box/job: started\n');
      expect((await events.untilExit('box', 'job')).status).toBe(6);
      await host.end();
    });

    test('attached joins stdio and passes the status on', async () => {
      const end = await ctl.run('exec', '-a', 'box', '-e', 'WHO=me', '--', 'sh', '-c', 'echo "$WHO in $PWD"; echo err >&2; exit 5');
      expect(end).toEqual({ status: 5, stdout: 'me in /\n', stderr: 'err\n' });
      await host.end();
    });

    test('on a terminal', async () => {
      const terminal = ctl.startOnTerminal('exec', '-t', 'box', '--', 'sh', '-c', 'tty; stty size; read line; exit 7');
      await terminal.printed('/dev/pts/');
      terminal.send('go\r');
      const end = await terminal.ended;
      expect(end.status).toBe(7);
      expect(end.stdout).toContain('go');
      await host.end();
    });

    test('in what is not there, and of what is not there', async () => {
      expect(await ctl.run('exec', '-a', 'ghost', 'true')).toEqual({
        status: 125,
        stdout: '',
        stderr: 'holdfastctl: ghost: no such container\n  "holdfastctl ps -a" lists what there is.\n',
      });
      const { status, stderr } = await ctl.run('exec', '-d', 'box', 'nope');
      expect(status).toBe(127);
      expect(stderr).toMatch(/^holdfastctl: oci runtime error: .*"nope": executable file not found in \$PATH\n$/);
      expect(ctl.fifoDirectories).toEqual([]);
      await host.end();
    });
  });

  describe('events', () => {
    /** A container that is over: others of a minute ago are told of, too. */
    const endedBefore = async (): Promise<void> => {
      const events = await host.events();
      await host.create('before', { args: ['true'] });
      await events.untilExit('before');
      events.close();
    };

    test('as lines and as JSON, stored and live', async () => {
      // It prints no header that would say when it has subscribed: it asks for what it may have missed by then.
      const live = ctl.start('events', '--json', '--since', '1m');
      const lines = ctl.start('events', '--since', '1m');
      await ctl.prints('start', 'told', bundle('told', ['sh', '-c', 'exit 2']));
      await lines.printed('exit status 2');
      const stored = await ctl.prints('events', '--until', 'now', '--json', '--name', 'told');
      const told = stored.trim().split('\n').map((line) => JSON.parse(line) as object);
      expect(told).toMatchObject([
        { type: 'start', name: 'told', by: { uid: 0 } },
        { type: 'create', name: 'told' },
        { type: 'start-container', name: 'told' },
        { type: 'exit', name: 'told', process: 'init', exit_status: 2 },
      ]);
      await live.printed('"exit"');
      for (const running of [live, lines]) running.kill('SIGKILL');
      await Promise.all([live.ended, lines.ended]);
    });

    test('ends without a word when its reader goes away', async () => {
      await endedBefore();
      const events = ctl.start('events', '--since', '1m');
      await events.printed('before');
      events.closeOutput();
      await host.create('x', { args: ['sleep', '1000'] });
      expect(await events.ended).toMatchObject({ status: 141, stderr: '' });
      await host.end();
    });

    test('says so when the daemon goes away', async () => {
      await endedBefore();
      const events = ctl.start('events', '--since', '1m');
      await events.printed('exit');
      await host.stopDaemon('SIGKILL');
      const { status, stderr } = await events.ended;
      expect(status).toBe(7);
      expect(stderr).toMatch(/^(lost|the daemon) .+\n {2}.+\n$/);
    });
  });

  test('colours on a terminal only, and not with NO_COLOR', async () => {
    await host.create('x', { args: ['sleep', '1000'] });
    expect((await ctl.startOnTerminal('status').ended).stdout).toMatch(/x {32}\x1b\[32mRUNNING {3}\x1b\[0mpid/);
    expect(await ctl.prints('status')).toMatch(new RegExp(`^x {32}RUNNING {3}${pidAndUptime.source}\n$`));
    await host.end();
  });

  test('who may not connect is told so, and who may', async () => {
    const nobody = 65_534;
    const { status, stdout, stderr } = await ctl.runAs(nobody, 'stop', 'all');
    expect({ status, stdout }).toEqual({ status: 4, stdout: `unix://${host.socketPath} permission denied\n` });
    expect(stderr).toBe("  Only root and the socket's group may connect (you are uid 65534). Try: sudo holdfastctl …\n");
    expect((await ctl.runAs(nobody, 'status')).status).toBe(4);
    expect(await ctl.runAs(nobody, 'ps')).toMatchObject({ status: 4, stdout: '', stderr: expect.stringContaining('permission denied') as string });
  });

  test('version, pid and shutdown: the containers live on', async () => {
    await host.create('stays', { args: ['sleep', '1000'] });
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
    expect(await ctl.prints('version')).toBe(`${version}\n`);
    expect(await ctl.prints('--version')).toBe(`holdfastctl version ${version}\n`);
    expect(await ctl.prints('pid')).toBe(`${String(host.daemon.pid)}\n`);
    expect(await ctl.prints('shutdown')).toBe('Shut down\n');
    expect(await host.daemon.exited).toMatchObject({ code: 0 });
    await host.startDaemon();
    expect(await ctl.prints('status')).toMatch(/^stays .*RUNNING/);
    await host.end();
  });

  test.each([
    ['nope', 2], ['status --nope', 2], ['events --until soon', 2], ['-s tcp://x status', 2], ['start a/b .', 2], ['start .. .', 2], ['exec x', 125], ['run --host', 125],
  ])(
    'wrong usage (%s): exit status %i, said on stderr',
    async (command, expected) => {
      const { status, stdout, stderr } = await ctl.run(...command.split(' '));
      expect({ status, stdout }).toEqual({ status: expected, stdout: '' });
      expect(stderr).toMatch(/^(error|holdfastctl): .+\n/);
    },
  );

  describe('bundle', () => {
    test('writes one that starts, with a root file system of busybox', async () => {
      const directory = host.own('made');
      expect(await ctl.prints('bundle', directory, '-e', 'A=b', '--hostname', 'here', '--', 'sh', '-c', 'echo "$A $(hostname)"; exit 8')).toBe(`${directory}\n`);
      // Its cgroup would be the same in every run of this test, and outlive it.
      const config = JSON.parse(readFileSync(`${directory}/config.json`, 'utf8')) as { linux: { cgroupsPath: string } };
      expect(config.linux.cgroupsPath).toBe('/holdfast/made');
      config.linux.cgroupsPath = `${host.cgroup}/made`;
      writeFileSync(`${directory}/config.json`, JSON.stringify(config));
      expect(await ctl.run('start', '-a', 'made', directory)).toEqual({ status: 8, stdout: 'b here\n', stderr: '' });
    });

    test('overwrites nothing unless it is told to', async () => {
      const directory = bundle('there', ['true']);
      const before = readFileSync(`${directory}/config.json`, 'utf8');
      const { status, stderr } = await ctl.run('bundle', directory, '--', 'false');
      expect(status).toBe(2);
      expect(stderr).toContain('--force');
      expect(readFileSync(`${directory}/config.json`, 'utf8')).toBe(before);
    });
  });
});

describeOnHost('holdfastctl without a daemon', realContainers, () => {
  let host: TestHost;
  let ctl: Ctl;
  beforeAll(async () => {
    host = await TestHost.withDaemon();
    await host.stopDaemon();
  });
  beforeEach(() => {
    ctl = new Ctl(host);
  });
  afterEach(() => { ctl.close(); });
  afterAll(() => host.cleanUp());

  const missing = (): string => `unix://${host.socketPath} no such file\n`;

  // Verbs of supervisorctl's say it on stdout, as that does.
  test.each([
    ['status', 4, true],
    ['stop x', 7, true],
    ['start x', 7, true],
    ['signal HUP x', 7, true],
    ['pid', 7, true],
    ['pid x', 7, true],
    // Its other statuses are those of what it runs.
    ['exec x true', 125, false],
    ['run --host true', 125, false],
    ['events', 7, false],
    ['ps', 7, false],
  ])('%s: exit status %i, and what to do', async (command, expected, onStdout) => {
    const { status, stdout, stderr } = await ctl.run(...command.split(' '));
    const hint = '  holdfastd does not run, or has another socket: systemctl start holdfast, or -s, or HOLDFAST_ADDRESS\n';
    expect({ status, stdout, stderr }).toEqual({ status: expected, stdout: onStdout ? missing() : '', stderr: onStdout ? hint : missing() + hint });
  });

  test('shutdown asks whether that has been done before, and its status is 1, as of supervisorctl', async () => {
    expect(await ctl.run('shutdown')).toEqual({ status: 1, stdout: `ERROR: ${missing().trimEnd()} (already shut down?)\n`, stderr: expect.stringContaining('systemctl start holdfast') as string });
  });

  test('a socket of something else: 4', async () => {
    const path = host.own('other.sock');
    const other = createServer((socket) => { socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'); }).listen(path);
    try {
      const { status, stdout } = await ctl.run('-s', path, 'status');
      expect({ status, stdout }).toEqual({ status: 4, stdout: `unix://${path} does not speak Holdfast's protocol\n` });
    } finally {
      other.close();
    }
  });

  test('as JSON where that was asked for', async () => {
    const { stderr } = await ctl.run('ps', '--json');
    expect(JSON.parse(stderr)).toEqual({ error: { code: 'unreachable', message: missing().trim() } });
  });
  // The last one: its socket stays.
  test('a socket that a killed daemon has left: refused, 4', async () => {
    await host.startDaemon();
    await host.stopDaemon('SIGKILL');
    const { status, stdout, stderr } = await ctl.run('stop', 'x');
    expect({ status, stdout }).toEqual({ status: 4, stdout: `unix://${host.socketPath} refused connection\n` });
    expect(stderr).toMatch(/^ {2}holdfastd has ended and left its socket; programs run on\..*\n$/);
  });
});
