import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';

import { splitWords } from '../../src/runtime/text/words';
import { AgentHost } from '../support/agent-host';
import { Ctl, type CtlEnd, RunningCtl } from '../support/ctl';
import { within } from '../support/deadline';
import { describeOnHost, realContainers } from '../support/requires';
import { allOfAProgram, normal, ownHelp, twice } from '../support/supervisorctl-words';

const ofAFile = 'a program that ran when its definition changed runs again, also where nothing starts it by itself (docs/agent.md)';
const python = 'supervisorctl shows an error of Python there';

/** Where ours differs on purpose, and why. `@x` is the name of a program. */
const differences: Readonly<Record<string, string>> = {
  'status @many': allOfAProgram,
  'status @runs @runs': twice,
  maintail: 'the log of the daemon goes to its stderr, which journald has: there is no such verb',
  help: ownHelp,
  nosuchverb: 'a verb that there is not is 2, with near ones (cli.md, help)',
  version: 'it is another program',
  'reload @nosuch': 'reload takes names: it restarts the processes of a program one after the other; without one it is as there',
  'status @changed': ofAFile,
  'start @changed @nosuch': ofAFile,
  'avail ': python,
  'reread ': python,
  'update ': python,
  'add @runs ': python,
  'remove @runs ': python,
  'reload ': python,
  'fg @runs ': 'what is our own failure is 125, as its other statuses are those of the program (cli.md, 1.4)',
};

/** In this order, of both: each goes on from what those before have left. */
const asDefined: readonly string[] = [
  ...['status', 'status @runs', 'status all', "status '@pair:*'", "status '@pair:*' '@many:*'", 'status @many:@many_01', 'status @pair:@left @runs', 'status @ends', 'status @fails @nofile', 'status @runs @runs', 'status @many'],
  ...['status @nosuch', "status '@nosuch:*'", 'status @nosuch @manual', 'status @runs @nosuch'],
  ...['pid', 'pid @runs', 'pid @manual', 'pid all', 'pid @pair:@left', 'pid @nosuch', 'pid @runs @nosuch @manual'],
  ...['start @runs', 'start @manual', 'start @manual @runs @nosuch', 'start @nosuch', "start '@nosuch:*'", 'start', 'start @fails', 'start @nofile', 'start @noexec', 'start @fails @runs', 'start @nosuch @fails', "start '@pair:*'", 'start @pair:@nosuch'],
  ...['stop @manual', 'stop @manual', 'stop @manual @runs', 'stop @nosuch', "stop '@nosuch:*'", 'stop', 'stop @fails', "stop '@pair:*'", "stop '@pair:*'", "start '@pair:*'", 'stop @pair:@left', 'start @pair:@left'],
  ...['restart @runs', 'restart @manual', "restart '@pair:*'", 'restart @nosuch', "restart '@nosuch:*'", 'restart', 'restart @fails', 'restart @runs @nosuch'],
  ...['signal HUP @talks', 'signal SIGHUP @talks', 'signal 1 @talks', 'signal hup @talks', 'signal NOSUCH @talks', 'signal 99 @talks', 'signal HUP @ends', 'signal HUP @nosuch', "signal CONT '@pair:*'", "signal HUP '@nosuch:*'", 'signal', 'signal HUP', 'signal HUP @talks @nosuch', 'signal CONT all'],
  ...['tail', 'tail @talks', 'tail -7 @talks', 'tail -1 @talks', 'tail -100000 @talks', 'tail @talks stdout', 'tail @talks stderr', 'tail -4 @talks stderr', 'tail @talks nosuch', 'tail -x @talks', 'tail @nosuch', 'tail @nosuch stderr', 'tail @manual', 'tail @runs', 'tail @talks stdout more', 'tail @pair:@left', 'tail @nofile', 'tail -f', 'tail -f @talks nosuch', 'maintail'],
  ...['clear', 'clear @talks', 'tail @talks', 'clear @nosuch', 'clear @talks @nosuch', 'clear all'],
  ...['fg', 'fg @nosuch', 'fg @ends', 'fg @manual @runs'],
  ...['avail', 'reread', 'update', 'avail nosuch', 'reread nosuch', 'add', 'add @runs', 'add @nosuch', 'remove', 'remove @runs', 'remove @nosuch', 'remove @pair'],
  ...['help', 'help nosuch', 'nosuchverb', 'version', 'version x', 'open', 'open nosuch', 'exit', 'quit', 'shutdown x', 'reload @nosuch'],
];
const asEdited: readonly string[] = [
  ...['reread', 'avail', 'update @nosuch', 'add @new', 'add @new', 'status @new', 'update @changed', 'status @changed', 'start @changed @nosuch', 'update', 'status', 'reread'],
  ...['stop @new', 'remove @new', 'remove @new', 'status @new', 'add @new', 'update all'],
  ...['stop all', 'stop all', 'status', 'start all', 'restart all', 'status', 'shutdown'],
];
/** A blank at the end: the same in other circumstances. */
const withNobodyThere: readonly string[] = [
  'status', 'pid', 'start @runs', 'stop @runs', 'restart @runs', 'signal HUP @runs', 'clear @runs', 'tail @talks', 'shutdown', 'avail ', 'reread ', 'update ', 'add @runs ', 'remove @runs ', 'reload ', 'fg @runs ',
];

describeOnHost('supervisorctl and ours, of the same programs', [...realContainers, 'supervisord'], () => {
  const agent = new AgentHost();
  const own = agent.host.own('.');
  const conf = `${own}/theirs.conf`;
  let ctl: Ctl;
  let supervisord: ChildProcess;

  const named = (text: string): string => text.replaceAll(/@([a-z]+)(?=_\d\d\b)?/g, (_all, short: string) => agent.name(short));
  const program = (short: string, command: string, ...keys: readonly string[]): readonly string[] => [`[program:@${short}]`, `command=${command}`, 'startsecs=0', ...keys];
  const atFirst = [
    ...program('ends', 'true', 'autorestart=false'),
    ...program('fails', 'false', 'startsecs=10', 'startretries=0'),
    ...program('changed', 'sleep 100000'),
  ];
  const afterwards = [...program('new', 'sleep 100000'), ...program('changed', 'sleep 200000', 'autostart=false')];

  /** Of both: theirs as it is, ours as it is imported. */
  const define = async (programs: readonly string[]): Promise<void> => {
    const configuration = (side: string): string => named([
      '[supervisord]', 'nodaemon=true', `logfile=${own}/supervisord.log`, `pidfile=${own}/supervisord.pid`, `childlogdir=${own}`,
      '[unix_http_server]', `file=${own}/supervisor.sock`, '[rpcinterface:supervisor]', 'supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface',
      '[supervisorctl]', `serverurl=unix://${own}/supervisor.sock`,
      ...program('runs', 'sleep 100000'),
      ...program('manual', 'sleep 100000', 'autostart=false'),
      ...program('many', 'sleep 100000', 'numprocs=2', 'process_name=%(program_name)s_%(process_num)02d'),
      ...program('left', 'sleep 100000', 'priority=1'),
      ...program('right', 'sleep 100000', 'priority=2'),
      '[group:@pair]', 'programs=@left,@right',
      ...program('nofile', '/no/such/program', 'startsecs=1', 'startretries=0'),
      ...program('noexec', `${own}/noexec.txt`, 'startsecs=1', 'startretries=0'),
      ...program('talks', `sh -c 'trap "" HUP; echo one; echo two; printf "three, without an end"; echo wrong >&2; echo > ${own}/said-${side}; while :; do sleep 1; done'`, 'stopasgroup=true'),
      ...program('echoes', 'cat'),
      ...programs, '',
    ].join('\n'));
    writeFileSync(conf, configuration('theirs'));
    writeFileSync(`${own}/ours.conf`, configuration('ours'));
    rmSync(`${own}/programs`, { recursive: true });
    mkdirSync(`${own}/programs`);
    // It says on stderr that they run already, there.
    expect((await ctl.run('import', `${own}/ours.conf`, '-o', `${own}/programs`)).status).toBe(0);
    // There it is a pipe that nobody but fg writes to, here the null device where nothing else is said.
    const echoes = `${own}/programs/${agent.name('echoes')}.toml`;
    writeFileSync(echoes, `${readFileSync(echoes, 'utf8')}stdin = "open"\n`);
  };

  const startTheirs = (...args: readonly string[]): RunningCtl => new RunningCtl(spawn('supervisorctl', ['-c', conf, ...args], { cwd: own }));
  const theirs = (...args: readonly string[]): Promise<CtlEnd> => {
    const running = startTheirs(...args);
    running.endInput();
    return running.ended;
  };
  const both = (words: readonly string[]): Promise<readonly [CtlEnd, CtlEnd]> => Promise.all([theirs(...words), ctl.run(...words)]);

  /** Until nothing changes by itself any more. */
  const atRest = async (names: readonly string[] = []): Promise<void> => {
    let states: readonly string[] = [];
    const look = async (): Promise<void> => {
      do states = (await both(['status', ...names])).map(({ stdout }) => stdout);
      while (states.some((text) => text === '' || /STARTING|BACKOFF|ends\S* +RUNNING/.test(text)));
    };
    await within(look(), 'both at rest', undefined, () => states.join('\n'));
  };

  beforeAll(async () => {
    writeFileSync(`${own}/noexec.txt`, 'no program\n', { mode: 0o644 });
    ctl = new Ctl(agent.host);
    await define(atFirst);
    supervisord = spawn('supervisord', ['-c', conf], { stdio: 'ignore', cwd: '/' });
    await agent.startDaemon();
    await atRest();
    const said = async (): Promise<void> => {
      while (!['ours', 'theirs'].every((side) => existsSync(`${own}/said-${side}`))) await agent.look('talks');
    };
    await within(said(), 'all that is said');
  });
  afterAll(async () => {
    if (supervisord.exitCode === null) {
      const ended = once(supervisord, 'exit');
      supervisord.kill('SIGTERM');
      await ended;
    }
    await agent.cleanUp();
  });

  const compared = async (command: string): Promise<void> => {
    const words = splitWords(named(command)) ?? [];
    const [there, here] = (await both(words)).map(({ status, stdout }) => ({ status, stdout: normal(stdout, command) }));
    if (differences[command] === undefined) expect(here).toEqual(there);
    else expect(here).not.toEqual(there);
    // One that has ended too quickly is given up a moment later.
    if (/^(re)?start .*@fails/.test(command)) await atRest([agent.name('fails')]);
  };

  describe('as they are defined first', () => {
    test.each(asDefined)('%s', compared);
  });

  test.each([['stdout', 'without an end'], ['stderr', 'wrong\n']])('tail -f of %s, until Ctrl-C', async (channel, last) => {
    const words = ['tail', '-f', agent.name('talks'), channel];
    // So that all that comes is of one run.
    for (const verb of ['clear', 'restart']) await both([verb, agent.name('talks')]);
    const [there, here] = await Promise.all([startTheirs(...words), ctl.start(...words)].map(async (tail) => {
      await tail.printed(last);
      tail.kill('SIGINT');
      const { status, stdout } = await tail.ended;
      // Whether theirs ends the line then depends on what it was just doing.
      return { status, stdout: stdout.trimEnd() };
    }));
    expect(here).toEqual(there);
  });

  test('fg passes on what is typed, and leaves at Ctrl-C; ours shows nothing but what the program does', async () => {
    const [there, here] = [startTheirs('fg', agent.name('echoes')), ctl.start('fg', agent.name('echoes'))];
    for (const fg of [there, here]) {
      fg.send('hello\n');
      await fg.printed('hello\n');
      fg.kill('SIGINT');
    }
    expect(await here.ended).toMatchObject({ status: 0, stdout: 'hello\nExiting foreground\n' });
    expect(await there.printed('Exiting foreground\n')).toBe('==> Press Ctrl-C to exit <==\nhello\nExiting foreground\n');
    // A thread of theirs goes on until its program writes more.
    there.kill('SIGKILL');
    await there.ended;
  });

  describe('once their definitions have changed', () => {
    beforeAll(() => define(afterwards));
    test.each(asEdited)('%s', compared);
  });

  describe('with nobody there any more', () => {
    beforeAll(() => Promise.all([supervisord.exitCode === null ? once(supervisord, 'exit') : undefined, agent.host.daemon.exited]));
    test.each(withNobodyThere)('%s', compared);
  });
});
