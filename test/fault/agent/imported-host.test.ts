import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { type Container, ContainersService, State } from '../../../src/api/gen/holdfast/v1/containers';
import { AgentHost } from '../../support/agent-host';
import { Ctl } from '../../support/ctl';
import { keptTexts } from '../../support/kept-files';
import { untilLogged } from '../../support/log-lines';
import { inOtherVersion, installOurs, otherVersion } from '../../support/other-version';
import { describeOnHost, realContainers } from '../../support/requires';
import { until } from '../../support/until';

/** By hand 50. */
const kills = Number(process.env['IMPORTED_HOST_KILLS'] ?? '4');

/** Writes down each start and each signal, and a number after the other to its output. */
const counts = (directory: string): string => `#!/bin/bash
echo start >>"${directory}/$1.starts"
for signal in HUP INT QUIT USR1 USR2 PIPE ALRM CONT; do trap "echo $signal >>'${directory}/$1.signals'" $signal; done
exec 9<>"${directory}/$1.never"
for ((n = 1; ; n += 1)); do echo $n; read -t 0.1 -u 9; done
`;

/** An event listener as supervisord has them: writes down the names of processes that run, one for each event. */
const listens = (directory: string): string => `#!/bin/bash
echo start >>"${directory}/watcher.starts"
printf 'READY\\n'
while read -r header; do
  read -r -N "\${header##*len:}" body
  echo "$body" | sed 's/ .*//; s/processname://' >>"${directory}/events"
  printf 'RESULT 2\\nOKREADY\\n'
done
`;

const processes = ['web_00', 'web_01', 'web_02', 'queue', 'mail', 'api', 'cache', 'clock', 'tail', 'worker-1', 'worker-2', 'plain'];

describeOnHost(`programs of an imported supervisord.conf (${String(kills)} kills of the daemon)`, realContainers, () => {
  const agent = new AgentHost();
  const { host } = agent;
  const ctl = new Ctl(host);
  afterAll(async () => {
    ctl.close();
    await agent.cleanUp();
  });

  /** Ten programs, one of which listens to events, in two files. */
  const writeConfiguration = (): string => {
    const programs = (names: readonly string[], more = ''): string => names.map((name) => `[program:${name}]\ncommand=${host.own('counts')} ${name}\n${more}`).join('\n');
    writeFileSync(host.own('counts'), counts(host.own('')), { mode: 0o755 });
    writeFileSync(host.own('listens'), listens(host.own('')), { mode: 0o755 });
    writeFileSync(host.own('more.conf'), `${programs(['tail', 'clock'])}
[program:worker]
command=${host.own('counts')} worker-%(process_num)d
process_name=%(program_name)s-%(process_num)d
numprocs=2
numprocs_start=1
[eventlistener:watcher]
command=${host.own('listens')}
events=PROCESS_STATE_RUNNING
`);
    writeFileSync(host.own('supervisord.conf'), `[supervisord]
[include]
files=${host.own('more')}*.conf
[program:web]
command=${host.own('counts')} web_%(process_num)02d
process_name=%(program_name)s_%(process_num)02d
numprocs=3
${programs(['queue', 'mail', 'api', 'cache', 'plain'], 'autorestart=true\nstopwaitsecs=5\n')}
[group:site]
programs=api,cache
priority=10
`);
    return host.own('supervisord.conf');
  };

  const all = async (): Promise<Container[]> => (await agent.client.ask(ContainersService.list, { names: [], all_namespaces: false })).containers;
  const running = async (): Promise<Map<string, number>> => new Map((await all()).filter(({ state }) => state === State.RUNNING).map(({ name, pid }) => [name, pid]));
  /** The file that a process writes to is named as the process is. */
  const own = (suffix: string): string[] => readdirSync(host.own('')).filter((name) => name.endsWith(suffix)).map((name) => name.slice(0, -suffix.length)).sort();
  const output = (name: string): string => keptTexts(join(host.directory, 'root', 'output', 'programs', name)).stdout;

  test('notice neither the deaths of the daemon nor an upgrade', async () => {
    const configuration = writeConfiguration();
    expect((await ctl.run('import', configuration, '-o', host.own('programs'))).stdout).not.toMatch(/dropped|not supported/);
    const older = otherVersion(host);
    await agent.startDaemon(inOtherVersion, { program: older.program });
    expect(await ctl.prints('version')).toContain(older.version);
    const before = await until('all to run', running, ({ size }) => size === processes.length + 1);
    for (let kill = 1; kill <= kills; kill += 1) {
      await host.stopDaemon('SIGKILL');
      if (kill === Math.ceil(kills / 2)) installOurs(older);
      await agent.startDaemon(inOtherVersion, { program: older.program });
      if (kill === Math.ceil(kills / 2)) await untilLogged(host, ({ msg }) => msg === 'a shim was upgraded in place', 'the upgrade');
      // At any moment of the daemon's life, not always at its first.
      await sleep(Math.random() * 300);
    }
    expect(await running()).toEqual(before);
    expect(await ctl.prints('version')).not.toContain(older.version);
    const last = new Map([...before.keys()].filter((name) => name !== 'watcher').map((name) => [name, output(name).split('\n').length]));
    for (const [name, lines] of last) await until(`more of ${name}`, () => output(name).split('\n').length, (now) => now > lines);
    for (const name of last.keys()) {
      const numbers = output(name).split('\n').slice(0, -1);
      expect({ name, numbers }).toEqual({ name, numbers: numbers.map((_, index) => String(index + 1)) });
    }
    expect(own('.starts')).toEqual([...processes, 'watcher'].sort());
    for (const name of own('.starts')) expect({ name, starts: readFileSync(host.own(`${name}.starts`), 'utf8') }).toEqual({ name, starts: 'start\n' });
    expect(own('.signals')).toEqual([]);
    const told = () => readFileSync(host.own('events'), 'utf8').split('\n').slice(0, -1).filter((name) => name !== 'watcher');
    const events = await until('the listener to have been told of all', told, ({ length }) => length >= processes.length);
    expect([...events].sort()).toEqual([...processes].sort());
  }, 60_000 + kills * 5000);
});
