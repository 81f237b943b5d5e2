import { rmSync } from 'node:fs';
import { constants } from 'node:os';

import Ajv2020 from 'ajv/dist/2020';

import { State } from '../../../src/api/gen/holdfast/v1/containers';
import type { AgentHost } from '../../support/agent-host';
import { Ctl } from '../../support/ctl';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedAgent } from '../../support/shared-agent';
import { processOf, untilCaught } from '../../support/processes';

describeOnHost('verbs for programs that files define', realContainers, () => {
  const shared = new SharedAgent();
  let agent: AgentHost;
  let ctl: Ctl;
  beforeEach(async () => {
    agent = await shared.take();
    ctl = new Ctl(agent.host);
  });
  afterEach(async () => {
    ctl.close();
    await shared.giveBack();
  });
  afterAll(() => shared.close());

  /** What it prints, of names without what makes them this host's own. */
  const run = async (...args: readonly string[]): Promise<{ readonly status: number; readonly stdout: string }> => {
    const { status, stdout } = await ctl.run(...args);
    return { status, stdout: stdout.replaceAll(agent.name(''), '') };
  };

  test('reload NAME sends the signal, or runs the command where the program runs; a definition without either is an error', async () => {
    const loop = 'trap "echo hup >> $0" HUP; while :; do sleep 0.05; done';
    agent.define('signal', [`command = ["bash", "-c", '''${loop}''', "${agent.host.own('hups')}"]`, 'reload_signal = "HUP"', 'startsecs = 0.3']);
    agent.define('command', ['command = "sleep 1000"', `reload_command = ["sh", "-c", "echo $HOLDFAST_PROCESS_NAME > ${agent.host.own('told')}"]`]);
    agent.define('fails', ['command = "sleep 1000"', 'reload_command = "false"']);
    agent.define('none', ['command = "sleep 1000"']);
    await agent.takeUp();
    for (const name of ['signal', 'command', 'fails', 'none']) await agent.untilState(name, State.RUNNING);
    await untilCaught((await agent.look('signal')).pid, constants.signals.SIGHUP);
    expect(await run('reload', ...['signal', 'command', 'fails', 'none'].map((name) => agent.name(name)))).toEqual({
      status: 1, stdout: 'signal: reloaded\ncommand: reloaded\nfails: ERROR (failed)\nnone: ERROR (failed)\n',
    });
    expect(agent.lines('told')).toEqual([agent.name('command')]);
    await agent.until('signal', 'the signal', () => agent.lines('hups').length === 1);
    await run('stop', agent.name('signal'));
    expect(await run('reload', agent.name('signal'))).toEqual({ status: 7, stdout: 'signal: ERROR (not running)\n' });
    expect(await run('reload', 'nosuch')).toEqual({ status: 1, stdout: 'nosuch: ERROR (no such process)\n' });
  });

  test('reload without a name has another daemon take its place, in the same process, and programs run on', async () => {
    agent.define('web', ['command = "sleep 1000"']);
    await agent.takeUp();
    const { pid } = await agent.untilState('web', State.RUNNING);
    const before = agent.host.daemon.pid;
    const starts = (): number => agent.host.daemon.log().match(/"ready"/g)?.length ?? 0;
    const startsBefore = starts();
    for (let time = 1; time <= 2; time += 1) expect(await run('reload')).toEqual({ status: 0, stdout: 'Restarted holdfastd; 1 program runs on\n' });
    expect(processOf(before)).toBeDefined();
    expect(starts()).toBe(startsBefore + 2);
    expect((await run('pid', agent.name('web'))).stdout).toBe(`${String(pid)}\n`);
  });

  test('a rolling restart ends at the first that fails, and leaves the others alone', async () => {
    for (const name of ['a', 'c']) agent.define(name, ['command = "sleep 1000"', 'startsecs = 0.1']);
    // Longer than a shell takes to fail.
    agent.define('b', [`command = ["sh", "-c", "test ! -e ${agent.host.own('broken')} && exec sleep 1000"]`, 'startsecs = 1.5']);
    await agent.takeUp();
    for (const name of ['a', 'b', 'c']) await agent.untilState(name, State.RUNNING);
    const names = ['a', 'b', 'c'].map((name) => agent.name(name));
    expect(await run('restart', '--rolling', ...names)).toEqual({ status: 0, stdout: 'a: stopped\na: started\nb: stopped\nb: started\nc: stopped\nc: started\n' });
    const { pid } = await agent.look('c');
    agent.write('broken', '');
    expect(await run('restart', '--rolling', '--pause', '0.01', ...names)).toEqual({
      status: 7, stdout: 'a: stopped\na: started\nb: stopped\nb: ERROR (spawn error); c left alone\n',
    });
    expect((await agent.look('c')).pid).toBe(pid);
  });

  test('a rolling restart waits until each is healthy, and ends at one that does not become so', async () => {
    const health = (file: string): Readonly<Record<string, readonly string[]>> => ({
      health: [`exec = ["test", "-e", "${agent.host.own(file)}"]`, 'interval = 0.1', 'retries = 2', 'on_failure = "none"'],
    });
    for (const name of ['a', 'b', 'c']) agent.define(name, ['command = "sleep 1000"', 'startsecs = 0.1'], health(`${name}-is-well`));
    for (const name of ['a', 'b', 'c']) agent.write(`${name}-is-well`, '');
    await agent.takeUp();
    for (const name of ['a', 'b', 'c']) await agent.until(name, 'its health', ({ managed }) => managed?.health === 'healthy');
    const { pid } = await agent.look('c');
    rmSync(agent.host.own('b-is-well'));
    const names = ['a', 'b', 'c'].map((name) => agent.name(name));
    expect(await run('restart', '--rolling', ...names)).toEqual({
      status: 7, stdout: 'a: stopped\na: started\nb: stopped\nb: ERROR (abnormal termination); c left alone\n',
    });
    expect((await agent.look('c')).pid).toBe(pid);
  });

  test('a start need not be waited for, and why tells of the next one', async () => {
    agent.define('slow', ['command = "sleep 1000"', 'startsecs = 1000', 'autostart = false']);
    agent.define('bad', ['command = ["sh", "-c", "echo oops >&2; exit 3"]', 'startsecs = 10'], { restart: ['initial = 1000', 'max = 1000', 'jitter = 0'] });
    await agent.takeUp();
    expect(await run('start', '--no-wait', agent.name('slow'))).toEqual({ status: 0, stdout: 'slow: starting\n' });
    await run('stop', agent.name('slow'));
    expect(await run('start', '--timeout', '0.2', agent.name('slow'))).toEqual({ status: 124, stdout: 'slow: starting\n' });
    expect((await agent.look('slow')).state).toBe(State.STARTING);
    await agent.untilState('bad', State.BACKOFF);
    const { stdout } = await run('why', agent.name('bad'));
    expect(stdout).toMatch(/^bad is BACKOFF: exited too quickly\n {2}next start {3}[\d:]{8} \(in 0:16:\d\d; the pause is 1000 s, at most 1000 s\)\n/);
    expect(stdout).toMatch(/\n {2}last ends {4}[\d:]{8} {2}exit status 3 after \d+\.\d s\n/);
    expect(stdout).toMatch(/\n {2}last output {2}[\d:]{8} {2}stderr {2}oops\n/);
    expect(stdout).toMatch(/\n {2}wanted {7}up, since [\d:]{8} \(autostart\)\n/);
    expect(stdout).toContain(`\n  defined in   ${agent.host.own('programs')}/bad.toml:1\n`);
    await agent.ask('start', 'bad');
    await agent.untilState('bad', State.BACKOFF);
    expect((await run('why', agent.name('bad'))).stdout).toMatch(/^bad is BACKOFF: exited too quickly, 2 times in a row\n[^]*\n {2}wanted {7}up, since [\d:]{8} \(uid 0, pid \d+\)\n/);
  });

  test('why tells what one waits for and how that is, what it may use while it is down, and what of it is as its schema says', async () => {
    agent.define('db', ['command = "sleep 1000"', 'startsecs = 0'], { health: ['exec = ["false"]', 'interval = 1000', 'start_interval = 1000', 'start_period = "1h"'] });
    agent.define('web', ['command = "sleep 1000"', `depends_on = { ${agent.name('db')} = "healthy" }`]);
    agent.define('after', ['command = ["sh", "-c", "exit 3"]', 'startsecs = 10', `depends_on = { ${agent.name('db')} = "running" }`, 'limits.memory = "64m"', 'limits.pids = 30'], { restart: ['initial = 1000', 'max = 1000'] });
    agent.define('late', ['command = "sleep 1000"', 'autostart = false']);
    await agent.takeUp();
    await agent.untilState('web', State.STARTING);
    await agent.untilState('db', State.RUNNING);
    expect((await run('status', agent.name('web'))).stdout).toMatch(/ STARTING {2}waiting for db to be healthy\n$/);
    expect((await run('why', agent.name('web'))).stdout).toContain('\n  waits for    db to be healthy (it is starting)\n');
    await agent.untilState('after', State.BACKOFF);
    const { stdout } = await run('why', agent.name('after'));
    expect(stdout).toContain('\n  waits for    nothing (db is RUNNING)\n');
    expect(stdout).toContain('\n  limits       memory 64M, 0 times reached; pids 30\n');
    const validate = new Ajv2020({ strict: false }).compile(JSON.parse(await ctl.prints('schema', 'why')) as object);
    for (const name of ['web', 'after', 'late']) {
      validate(JSON.parse(await ctl.says('why', '--json', agent.name(name))));
      expect(validate.errors).toBeNull();
    }
  });

  test('what reread, avail, update, check, version and logs print with --json is as their schemas say', async () => {
    agent.define('web', ['command = ["sh", "-c", "echo hello; exec sleep 1000"]', 'startsecs = 0']);
    await agent.takeUp();
    agent.define('new', ['command = "sleep 1000"', 'autostart = false']);
    agent.define('bad', ['comand = "sleep 1000"']);
    await ctl.run('wait', '--for', 'running', agent.name('web'));
    const file = `${agent.host.own('programs')}/bad.toml`;
    const lines = new Set(['update', 'logs']);
    for (const args of [['reread'], ['avail'], ['update', '--dry-run'], ['update'], ['check', file], ['version'], ['logs', agent.name('web')]]) {
      const [verb = ''] = args;
      const validate = new Ajv2020({ strict: false }).compile(JSON.parse(await ctl.prints('schema', verb)) as object);
      const { stdout } = await ctl.run(...args, '--json');
      expect(stdout).not.toBe('');
      for (const document of lines.has(verb) ? stdout.trim().split('\n') : [stdout]) {
        validate(JSON.parse(document));
        expect(validate.errors).toBeNull();
      }
    }
    expect(await ctl.run('check', '--json', file)).toMatchObject({ status: 1, stderr: '' });
  });

  test('logs -f tells when a program starts again, and events what becomes of it between its runs', async () => {
    agent.define('bad', ['command = ["sh", "-c", "echo oops; exit 3"]', 'startsecs = 10', 'autostart = false'], { restart: ['initial = 1000', 'max = 1000', 'jitter = 0'] });
    agent.define('gone', ['command = "/no/such"', 'autostart = false']);
    await agent.takeUp();
    const bad = agent.name('bad');
    await run('start', bad, agent.name('gone'));
    const following = ctl.start('logs', '-f', bad);
    await following.printed('oops');
    await run('start', bad);
    await following.printed('oops', 2);
    // The notice of an end goes to stderr: it is there once the next run is.
    await run('start', bad);
    await following.printed('oops', 3);
    following.kill('SIGINT');
    expect((await following.ended).stderr).toMatch(new RegExp(`^-- ${bad} ended: exit status 3 after \\d\\.\\d s`, 'm'));
    expect((await following.ended).stderr).toMatch(/; starts again in \d+ s --\n/);
    const events = await ctl.prints('events', '--until', 'now', '--since', '1h', '--type', 'exit,backoff,fatal');
    expect(events).toMatch(new RegExp(`^\\S+Z  \\d+ +exit +${bad} +exit status 3 after \\d\\.\\d s$`, 'm'));
    expect(events).toMatch(new RegExp(`^\\S+Z  \\d+ +backoff +${bad} +next start in 1000 s$`, 'm'));
    expect(events).toMatch(new RegExp(`^\\S+Z  \\d+ +fatal +${agent.name('gone')} +can't find command '/no/such'$`, 'm'));
  });
});
