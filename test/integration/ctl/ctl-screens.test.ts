import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { resolve } from 'node:path';

import Ajv2020 from 'ajv/dist/2020';

import { Ctl } from '../../support/ctl';
import { describeOnHost, realContainers, testWithProgram } from '../../support/requires';
import { TestHost } from '../../support/test-host';

const bin = resolve(__dirname, '../../../bin');

describeOnHost('holdfastctl shows programs', realContainers, () => {
  let host: TestHost;
  let ctl: Ctl;
  beforeAll(async () => {
    host = await TestHost.withDaemon();
    ctl = new Ctl(host);
    await ctl.prints('start', 'web', host.bundle('web', { args: ['sleep', '1000'] }));
    await ctl.prints('start', 'done', host.bundle('done', { args: ['sh', '-c', 'exit 3'] }));
    await ctl.prints('wait', 'done');
  });
  afterAll(() => ctl.cleanUp());

  /** By a real bash: what it offers after `line`. */
  const completed = async (line: string): Promise<string[]> => {
    const script = host.own('complete.sh');
    writeFileSync(script, `source <(holdfastctl completion bash)
      line=$1; COMP_WORDS=($line); if [[ $line == *' ' ]]; then COMP_WORDS+=(''); fi; COMP_CWORD=$((\${#COMP_WORDS[@]} - 1)); COMP_LINE=$line; COMP_POINT=\${#line}
      _holdfastctl; printf '%s\\n' "\${COMPREPLY[@]}"`);
    const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOLDFAST_ADDRESS: host.socketPath };
    const { stdout } = await promisify(execFile)('bash', [script, line], { env });
    return stdout.split('\n').filter((word) => word !== '').sort();
  };

  test('what completion offers: verbs, flags, and the names that a verb is about', async () => {
    expect(await completed('holdfastctl sta')).toEqual(['start', 'stats', 'status']);
    expect(await completed('holdfastctl stop ')).toEqual(['web']);
    expect(await completed('holdfastctl start ')).toEqual(['done']);
    expect(await completed('holdfastctl why ')).toEqual(['done', 'web']);
    expect(await completed('holdfastctl stop --t')).toEqual(['--timeout']);
    // Of the daemon that the line is for.
    expect(await completed(`holdfastctl -s ${host.socketPath} stop `)).toEqual(['web']);
    expect(await completed('holdfastctl -s /no/such stop ')).toEqual([]);
    expect(await completed('holdfastctl signal H')).toEqual(['HUP']);
  });

  /** What a shell's script prints, with holdfastctl on its path. */
  const said = async (shell: string, args: readonly string[], script: string): Promise<string[]> => {
    const env = { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, HOLDFAST_ADDRESS: host.socketPath };
    const { stdout } = await promisify(execFile)(shell, [...args, '-c', script], { env });
    return stdout.split('\n').filter((word) => word !== '');
  };

  testWithProgram('fish', 'what completion offers in fish', async () => {
    // Each with what it is, behind a tab.
    const offered = async (line: string): Promise<string[]> => (await said('fish', ['--no-config'], `holdfastctl completion fish | source; complete -C '${line}'`)).map((each) => each.split('\t')[0] ?? '');
    expect(await offered('holdfastctl sta')).toEqual(['start', 'stats', 'status']);
    expect(await offered('holdfastctl stop ')).toEqual(['web']);
    expect(await offered('holdfastctl stop --t')).toEqual(['--timeout']);
  });

  testWithProgram('zsh', 'what completion offers in zsh', async () => {
    // Its completion system wants a terminal: what the function hands to it is printed instead.
    const offered = (...words: readonly string[]): Promise<string[]> =>
      said('zsh', ['-f'], `compdef() { : }; compadd() { shift; print -l -- "$@" }; _describe() { print -l -- \${(P)2} }
        source <(holdfastctl completion zsh); words=(${words.map((word) => `'${word}'`).join(' ')}); CURRENT=$#words; _holdfastctl`);
    expect((await offered('holdfastctl', 'sta')).map((line) => line.split(':')[0])).toEqual(expect.arrayContaining(['start', 'stats', 'status']));
    expect(await offered('holdfastctl', 'stop', '')).toEqual(['web']);
    expect(await offered('holdfastctl', 'start', '')).toEqual(['done']);
    expect(await offered('holdfastctl', 'stop', '-')).toEqual(expect.arrayContaining(['--timeout', '--help']));
  });

  test('ps: a table in a pipe with all columns, on a narrow terminal with fewer', async () => {
    const all = await ctl.prints('ps', '-a');
    expect(all).toMatch(/^NAME +STATE +HEALTH +PID +UPTIME +RESTARTS +CPU +MEMORY +PIDS +LAST END\ndone +exited +- +- +- +- +- +- +- +exit 3, [\dms]+ ago\nweb +running +- +\d+ +[\dms]+ +- +\d+\.\d% +\S+ +1 +-\n$/);
    expect(await ctl.prints('ps', '--no-header', '--columns', 'name,state')).toBe('web           running\n');
    expect(await ctl.prints('ps', '-a', '--format', '{{.name}}={{.state}} {{.last_end.exit_status}}')).toBe('done=EXITED 3\nweb=RUNNING \n');
  });

  test.each([
    [80, /^NAME {10}STATE {6}HEALTH {4}UPTIME {3}RESTARTS {2}CPU {4}MEMORY$/],
    [120, /^NAME {10}STATE {6}HEALTH {6}PID {4}UPTIME {4}RESTARTS {3}CPU {5}MEMORY {12}PIDS {3}LAST END$/],
  ])('ps on a terminal of %i columns: those that fit, and no line is longer', async (columns, heading) => {
    const line = `${ctl.commandLine('ps', '-a', '--no-color')}`;
    const { stdout } = await ctl.shellOnTerminal(line, columns).ended;
    const lines = stdout.trimEnd().split('\r\n');
    expect(lines[0]).toMatch(heading);
    expect(lines.map((each) => each.split(' ')[0])).toEqual(['NAME', 'done', 'web']);
    for (const each of lines) expect(each.length).toBeLessThanOrEqual(columns);
  });

  test.each([80, 120])('top and stats on a terminal of %i columns: no line is longer', async (columns) => {
    const stats = await ctl.shellOnTerminal(ctl.commandLine('stats', '--once'), columns).ended;
    const top = await ctl.shellOnTerminal(ctl.commandLine('top', '--once'), columns).ended;
    // What all the machine does is said in one line, which is for people.
    for (const each of [...stats.stdout.split('\r\n'), ...top.stdout.split('\r\n').slice(1)]) expect(each.length).toBeLessThanOrEqual(columns);
    expect(stats.stdout).toContain('web');
    expect(top.stdout).toContain('web');
  });

  test('a start has one time, however often it is asked for, also by another daemon', async () => {
    const times = new Set<string>();
    const ask = async (): Promise<void> => { times.add((JSON.parse(await ctl.prints('status', 'web', '--json')) as readonly { readonly started_at: string }[])[0]?.started_at ?? ''); };
    for (let asked = 0; asked < 5; asked += 1) await ask();
    await host.stopDaemon('SIGKILL');
    await host.startDaemon();
    for (let asked = 0; asked < 5; asked += 1) await ask();
    expect([...times]).toHaveLength(1);
  });

  test('a start is not told as before it was asked for, also of a host program whose shell came up long before', async () => {
    // The shell that the next program becomes comes up as this one has started, and waits as long as it runs.
    await ctl.prints('run', '--rm', '--host', '--', 'sleep', '2');
    const before = Date.now();
    await ctl.prints('run', '-d', '--name', 'later', '--host', '--', 'sleep', '1000');
    const [later] = JSON.parse(await ctl.prints('status', 'later', '--json')) as readonly { readonly started_at: string }[];
    expect(Date.parse(later?.started_at ?? '')).toBeGreaterThanOrEqual(before);
    await ctl.prints('rm', '--force', 'later');
  });

  test.each([
    ['status', 4, '[]\n'], ['ps', 1, '[]\n'], ['why', 1, ''], ['inspect', 1, ''], ['stats', 1, ''],
  ])('%s --json of a name that there is not: an error that programs can read', async (verb, status, stdout) => {
    const end = await ctl.run(verb, 'wbe', '--json');
    expect(end).toMatchObject({ status, stdout });
    expect(JSON.parse(end.stderr)).toEqual({ error: { code: 'no_such_process', name: 'wbe', message: 'wbe: no such process' } });
  });

  test('why: what it is, since when, who wanted it, how it ended', async () => {
    expect(await ctl.prints('why', 'done')).toMatch(/^done is EXITED: it ended by itself: exit status 3 after \d\.\d s\n {2}last ends {4}\d\d:\d\d:\d\d {2}exit status 3 after \d\.\d s\n {2}wanted {7}up, since \d\d:\d\d:\d\d \(uid 0, pid \d+\)\n {2}bundle {7}\/.*\nTry: holdfastctl start done .*\n$/);
    expect(await ctl.prints('why', 'web')).toMatch(/^web is RUNNING: pid \d+, for 0:\d\d:\d\d\n[^]*\n {2}limits {7}memory none; pids none\n/);
    expect(await ctl.run('why', 'wbe')).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('Did you mean web?') as string });
  });

  test.each([
    ['ps', ['ps', '-a', '--json']],
    ['status', ['status', '--json']],
    ['inspect', ['inspect', 'web', 'done']],
    ['why', ['why', 'web', '--json']],
    ['history', ['history', '--json']],
  ])('%s --json is as its schema says', async (verb, args) => {
    const validate = new Ajv2020({ strict: false }).compile(JSON.parse(await ctl.prints('schema', verb)) as object);
    validate(JSON.parse((await ctl.run(...args)).stdout));
    expect(validate.errors).toBeNull();
  });

  test('stats and events --json: an object a line, as their schemas say', async () => {
    for (const [verb, args] of [['stats', ['stats', '--once', '--json']], ['events', ['events', '--until', 'now', '--json']]] as const) {
      const validate = new Ajv2020({ strict: false }).compile(JSON.parse(await ctl.prints('schema', verb)) as object);
      const lines = (await ctl.prints(...args)).trim().split('\n');
      for (const line of lines) {
        validate(JSON.parse(line));
        expect(validate.errors).toBeNull();
      }
    }
  });

  test('--watch is for terminals and JSON', async () => {
    expect(await ctl.run('status', '--watch')).toMatchObject({ status: 2, stderr: 'holdfastctl: --watch needs a terminal or --json\n' });
    const watching = ctl.startOnTerminal('ps', '--watch', '0.1');
    await watching.printed('running');
    watching.send('\u0003');
    expect((await watching.ended).status).toBe(130);
  });

  test('--watch --json: a line for each change, and none that time goes on', async () => {
    await ctl.prints('start', 'twice', host.bundle('twice', { args: ['true'] }));
    await ctl.prints('wait', 'twice');
    const watching = ctl.start('status', 'twice', 'web', 'done', '--watch', '0.1', '--json');
    await watching.printed('"name":"web"');
    await ctl.prints('pause', 'web');
    await watching.printed('"paused":true');
    await ctl.prints('resume', 'web');
    // Of the first look there are three.
    await watching.printed('"paused":false', 4);
    await ctl.prints('rm', 'twice');
    await watching.printed('"removed":true');
    watching.kill('SIGINT');
    const { status, stdout } = await watching.ended;
    expect(status).toBe(130);
    expect(stdout.trim().split('\n').map((line) => (JSON.parse(line) as { readonly name: string; readonly paused: boolean })).map(({ name, paused }) => [name, paused])).toEqual([
      ['twice', false], ['web', false], ['done', false], ['web', true], ['web', false], ['twice', false],
    ]);
  });

  test('Ctrl-C while something stops: it goes on, and that is said', async () => {
    await ctl.prints('start', 'stubborn', host.bundle('stubborn', { args: ['sh', '-c', 'trap "" TERM; while :; do sleep 0.05; done'] }));
    const stopping = ctl.startOnTerminal('stop', 'stubborn', '--timeout', '60');
    await stopping.printed('stopping 1 of 1: stubborn (SIGKILL in 0:00:5');
    stopping.send('\u0003');
    const { status, stdout } = await stopping.ended;
    expect(status).toBe(130);
    expect(stdout).toMatch(/interrupted; stubborn goes on stopping \(SIGKILL in 0:00:5\d\)/);
    expect(await ctl.prints('status', 'stubborn')).toMatch(/STOPPING/);
    expect(await ctl.prints('rm', '--force', 'stubborn')).toBe('stubborn: removed\n');
  });

  test('a word that is no verb is said as such, whatever comes after it', async () => {
    for (const args of [['stopp'], ['stopp', 'web'], ['stopp', '-5', '--frob', 'web']]) {
      expect(await ctl.run(...args)).toEqual({ status: 2, stdout: '', stderr: 'holdfastctl: there is no command "stopp"; did you mean stop?\n  holdfastctl help  lists them.\n' });
    }
    expect((await ctl.run('maintail', '-5')).stderr).toContain('journalctl -u holdfast');
  });

  test('verbs of supervisorctl that take no words say so in its words', async () => {
    for (const verb of ['avail', 'reread', 'version', 'shutdown']) {
      expect(await ctl.run(verb, 'web')).toMatchObject({ status: 1, stdout: `Error: ${verb} accepts no arguments\n` });
    }
  });

  test('what takes much away asks on a terminal: Ctrl-C is no and 130, Ctrl-D and anything but y are no', async () => {
    for (const [verb, question] of [['prune', 'Really forget all programs that do not run y/N? '], ['shutdown', 'Really shut the remote holdfastd process down y/N? ']] as const) {
      for (const [key, status] of [['\u0003', 130], ['\u0004', 0], ['no\r', 0]] as const) {
        const asking = ctl.startOnTerminal(verb);
        await asking.printed(question);
        asking.send(key);
        expect((await asking.ended).status).toBe(status);
      }
    }
    // It is there still, and remembers all.
    expect((await ctl.run('pid', 'done')).stdout).toBe('0\n');
  });

  test('lines of a pipe that begin with quit ask for nothing', async () => {
    const piped = ctl.start();
    piped.send('quit\nstatus\n');
    piped.endInput();
    expect(await piped.ended).toEqual({ status: 0, stdout: '', stderr: '' });
  });

  test('the shell on a terminal: status first, verbs, and what is none', async () => {
    const shell = ctl.startOnTerminal();
    await shell.printed('holdfast> ');
    shell.send('pid done\r');
    await shell.printed('\n0\r\n');
    shell.send('frob\r');
    await shell.printed('*** Unknown syntax: frob');
    shell.send('exit\r');
    expect(await shell.ended).toMatchObject({ status: 0, stdout: expect.stringMatching(/web +.*RUNNING/) as string });
  });

  test('a wait that takes too long', async () => {
    expect(await ctl.run('wait', 'web', '--timeout', '0.1')).toEqual({ status: 124, stdout: '', stderr: 'holdfastctl: web is not ended after 0.1 s\n' });
    expect(await ctl.run('wait', 'done', '--passthrough')).toMatchObject({ status: 3, stdout: '3\n' });
    expect(await ctl.prints('wait', 'web', '--for', 'running')).toBe('');
  });

  test('pause, resume and new limits', async () => {
    expect(await ctl.prints('pause', 'web')).toBe('web: paused\n');
    expect(await ctl.prints('status', 'web')).toMatch(/RUNNING {3}pid \d+, uptime .*, paused\n$/);
    expect(await ctl.prints('resume', 'web')).toBe('web: resumed\n');
    expect(await ctl.prints('update-limits', 'web', '--memory', '64m', '--memory-swap', '64m', '--pids', '20')).toBe('web: updated limits\n');
    expect(await ctl.prints('why', 'web')).toContain('limits       memory 64M, 0 times reached; pids 20\n');
  });
});
