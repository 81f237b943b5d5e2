import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { type Container, ContainersService, State } from '../../../src/api/gen/holdfast/v1/containers';
import { splitWords } from '../../../src/runtime/text/words';
import type { AgentHost } from '../../support/agent-host';
import { Ctl } from '../../support/ctl';
import { describeOnHost, realContainers } from '../../support/requires';
import { SharedAgent } from '../../support/shared-agent';
import { until } from '../../support/until';

interface Entry {
  readonly command: string;
  readonly stdout: string;
  readonly status: number;
}

const recording = join(__dirname, '../../fixtures/supervisorctl/16-reread-update-avail-add-remove.json');
const { entries } = JSON.parse(readFileSync(recording, 'utf8')) as { readonly entries: readonly Entry[] };

/** What the recording's configuration is, from which of its entries on: `sleep` with another number is another definition. */
const configurations: readonly { readonly from: number; readonly programs: Readonly<Record<string, readonly string[]>> }[] = [
  { from: 0, programs: { change: ['command = "sleep 1000"'], drop: ['command = "sleep 1000"'], keep: ['command = "sleep 1000"'] } },
  { from: 3, programs: { change: ['command = "sleep 1001"'], keep: ['command = "sleep 1000"'], fresh: ['command = "sleep 1000"'], manual: ['command = "sleep 1000"', 'autostart = false'] } },
  { from: 24, programs: { change: ['command = "sleep 1002"'], keep: ['command = "sleep 1001"'], drop: ['command = "sleep 1000"'] } },
];
/** What comes after is about errors of another format. */
const comparable = 28;

describeOnHost('definitions that change', realContainers, () => {
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
    const own = agent.name('');
    return { status, stdout: stdout.replaceAll(new RegExp(`${own}(?= )`, 'g'), ' '.repeat(own.length)).replaceAll(own, '') };
  };

  test('reread, update, avail, add and remove do and say what was recorded of supervisorctl', async () => {
    const files = agent.host.own('programs');
    const configure = (at: number): void => {
      const programs = configurations.find(({ from }) => from === at)?.programs;
      if (programs === undefined) return;
      rmSync(files, { recursive: true });
      agent.makeDirectory();
      for (const [name, keys] of Object.entries(programs)) agent.define(name, keys);
    };
    /** Whether it is RUNNING yet depends on how quick the machine is. */
    const normal = (text: string): string => text.replaceAll(/STARTING +$|RUNNING +pid \d+, uptime [\d:]+$/gm, 'UP');
    configure(0);
    await agent.takeUp();
    const answers: unknown[] = [];
    for (const [at, { command }] of entries.slice(0, comparable).entries()) {
      configure(at);
      const [verb = '', ...names] = (splitWords(command) ?? []).slice(1);
      const { status, stdout } = await run(verb, ...names.map((name) => (name === 'all' || name === 'nosuch' ? name : agent.name(name))));
      answers.push({ command, status, stdout: normal(stdout) });
    }
    expect(answers).toEqual(entries.slice(0, comparable).map(({ command, status, stdout }) => ({ command, status, stdout: normal(stdout) })));
  });

  test('of a broken file each error is told with its place, the rest is read, and what it has defined stays as it was', async () => {
    agent.define('web', ['command = "sleep 1000"']);
    await agent.takeUp();
    const { pid } = await agent.untilState('web', State.RUNNING);
    agent.define('web', ['command = "sleep 1000"', 'startsecz = 4']);
    agent.define('db', ['command = "sleep 1000"']);
    const line = `ERROR: ${agent.host.own('programs')}/web.toml:3:1: unknown key "startsecz" in program.web; did you mean "startsecs"?\n`;
    expect(await run('reread')).toEqual({ status: 1, stdout: `${line}db: available\n` });
    expect(await run('update')).toEqual({ status: 1, stdout: `db: added process group\n${line}` });
    expect((await agent.look('web')).pid).toBe(pid);
    writeFileSync(`${agent.host.own('programs')}/web.toml`, 'no TOML');
    expect((await run('reread')).stdout).toMatch(/^ERROR: .*\/web\.toml:1:\d+: .*\n$/);
    expect((await agent.look('web')).pid).toBe(pid);
  });

  // Of a daemon that has found no file at its start, too, as this one.
  test('what was read and not taken into use is not, after a death of the daemon either', async () => {
    agent.define('web', ['command = "sleep 1000"']);
    await agent.takeUp();
    const { pid } = await agent.untilState('web', State.RUNNING);
    agent.define('web', ['command = "sleep 1001"']);
    agent.define('db', ['command = "sleep 1000"']);
    expect((await run('reread')).stdout).toBe('db: available\nweb: changed\n');
    await agent.killDaemon();
    expect((await run('status')).stdout).toMatch(new RegExp(`^web +RUNNING +pid ${String(pid)}, [^\n]*\n$`));
    expect((await run('reread')).stdout).toBe('db: available\nweb: changed\n');
  });

  test('limits are changed while it runs, a dry run changes nothing, and what was stopped by hand stays so', async () => {
    agent.define('web', ['command = "sleep 1000"'], { limits: ['pids = 50'] });
    agent.define('off', ['command = "sleep 1000"']);
    await agent.takeUp();
    const { pid } = await agent.untilState('web', State.RUNNING);
    await agent.ask('stop', 'off');
    agent.define('web', ['command = "sleep 1000"'], { limits: ['pids = 60'] });
    agent.define('off', ['command = "sleep 1001"']);
    const pidsLimit = async (): Promise<unknown> => (JSON.parse(await ctl.prints('stats', '--once', '--json', agent.name('web'))) as { readonly pids_limit: unknown }).pids_limit;
    expect((await run('update', '--dry-run')).stdout).toBe('off: would restart (command)\nweb: would be updated live (limits.pids)\n');
    expect(await pidsLimit()).toBe(50);
    expect((await run('update')).stdout).toBe('off: stopped\noff: updated process group\nweb: updated limits\n');
    expect(await pidsLimit()).toBe(60);
    agent.define('web', ['command = "sleep 1000"']);
    expect((await run('update')).stdout).toBe('web: updated limits\n');
    expect(await pidsLimit()).toBeNull();
    expect((await agent.look('web')).pid).toBe(pid);
    expect((await agent.look('off')).state).toBe(State.STOPPED);
    expect((await run('definition', agent.name('off'))).stdout).toContain('"1001"');
  });

  test('one that has only moved to another file is known to be there, and runs on', async () => {
    agent.define('web', ['command = "sleep 1000"', 'startsecs = 0']);
    await agent.takeUp();
    const { pid } = await agent.untilState('web', State.RUNNING);
    const files = agent.host.own('programs');
    writeFileSync(`${files}/all.toml`, `\n${readFileSync(`${files}/web.toml`, 'utf8')}`);
    rmSync(`${files}/web.toml`);
    expect(await run('update')).toEqual({ status: 0, stdout: '' });
    await agent.killDaemon();
    const { managed, pid: after } = await agent.look('web');
    expect([managed?.defined_in, after]).toEqual([`${files}/all.toml:2`, pid]);
  });

  test('as many as one likes of them are waited for at once, also by a daemon that finds them running', async () => {
    // Node warns of more than ten that listen to one and the same thing.
    agent.define('web', ['command = "sleep 1000"', 'numprocs = 12', 'startsecs = 0']);
    await agent.takeUp();
    const areUp = async (): Promise<void> => {
      const isUp = ({ state }: Container): boolean => state === State.RUNNING;
      await until('all to run', async () => (await agent.client.ask(ContainersService.list, { names: [], all_namespaces: false })).containers.every(isUp), (areAll) => areAll);
    };
    await areUp();
    await agent.killDaemon();
    await areUp();
    expect(agent.host.daemon.log()).not.toContain('MaxListenersExceededWarning');
  });

  test('scale has more or fewer of it, over a death of the daemon, until the definition says another number', async () => {
    agent.define('web', ['command = "sleep 1000"', 'numprocs = 2', 'startsecs = 0']);
    await agent.takeUp();
    const web = agent.name('web');
    const names = async (): Promise<string> => (await run('status', web)).stdout.replaceAll(/ .*$/gm, '');
    expect((await run('scale', web, '3')).stdout).toBe('web:web_02: started\n');
    await agent.killDaemon();
    expect(await names()).toBe('web:web_00\nweb:web_01\nweb:web_02\n');
    expect((await run('scale', web, '1')).stdout).toBe('web:web_01: stopped\nweb:web_02: stopped\n');
    expect((await run('update')).stdout).toBe('');
    agent.define('web', ['command = "sleep 1000"', 'numprocs = 4', 'startsecs = 0']);
    expect((await run('update')).stdout).toBe('web:web_01: added process group\nweb:web_02: added process group\nweb:web_03: added process group\n');
    expect((await run('scale', web, '0')).status).toBe(2);
    // As many as a definition may ask for: one mistyped number kept the daemon from all else.
    expect(await ctl.runHere('scale', web, '10001')).toEqual({ status: 2, stdout: '', stderr: expect.stringContaining('at most 10000 processes') as string });
    expect(await names()).toBe('web:web_00\nweb:web_01\nweb:web_02\nweb:web_03\n');
    expect(await run('scale', 'nosuch', '2')).toEqual({ status: 1, stdout: '' });
  });
});
