import { rmSync } from 'node:fs';

import { State } from '../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../support/agent-host';
import { Ctl } from '../support/ctl';
import { describeOnHost, realContainers } from '../support/requires';
import { processOf } from '../support/processes';

describeOnHost('verbs for programs that files define', realContainers, () => {
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
    await agent.startDaemon();
    for (const name of ['signal', 'command', 'fails', 'none']) await agent.untilState(name, State.RUNNING);
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
    await agent.startDaemon();
    const { pid } = await agent.untilState('web', State.RUNNING);
    const before = agent.host.daemon.pid;
    for (let time = 1; time <= 2; time += 1) expect(await run('reload')).toEqual({ status: 0, stdout: 'Restarted holdfastd; 1 program runs on\n' });
    expect(processOf(before)).toBeDefined();
    expect(agent.host.daemon.log().match(/"ready"/g)).toHaveLength(3);
    expect((await run('pid', agent.name('web'))).stdout).toBe(`${String(pid)}\n`);
  });

  test('a rolling restart ends at the first that fails, and leaves the others alone', async () => {
    for (const name of ['a', 'c']) agent.define(name, ['command = "sleep 1000"', 'startsecs = 0.1']);
    agent.define('b', [`command = ["sh", "-c", "test ! -e ${agent.host.own('broken')} && exec sleep 1000"]`, 'startsecs = 0.1']);
    await agent.startDaemon();
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
    await agent.startDaemon();
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
    agent.define('bad', ['command = ["sh", "-c", "echo oops >&2; exit 3"]'], { restart: ['initial = 1000', 'max = 1000', 'jitter = 0'] });
    await agent.startDaemon();
    expect(await run('start', '--no-wait', agent.name('slow'))).toEqual({ status: 0, stdout: 'slow: starting\n' });
    await run('stop', agent.name('slow'));
    expect(await run('start', '--timeout', '0.2', agent.name('slow'))).toEqual({ status: 124, stdout: 'slow: starting\n' });
    expect((await agent.look('slow')).state).toBe(State.STARTING);
    await agent.untilState('bad', State.BACKOFF);
    const { stdout } = await run('why', agent.name('bad'));
    expect(stdout).toMatch(/^bad is BACKOFF: Exited too quickly \(exit status 3\)\n {2}next start {3}[\d:]{8} \(in 0:16:\d\d\)\n/);
    expect(stdout).toMatch(/\n {2}last ends {4}[\d:]{8} {2}exit status 3 after \d+\.\d s\n/);
    expect(stdout).toMatch(/\n {2}last output {2}[\d:]{8} {2}stderr {2}oops\n/);
    expect(stdout).toContain(`\n  defined in   ${agent.host.own('programs')}/bad.toml:1\n`);
  });
});
