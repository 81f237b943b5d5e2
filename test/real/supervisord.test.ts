import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import { promisify } from 'node:util';

import { version } from '../../package.json';
import { AgentHost } from '../support/agent-host';
import { Ctl } from '../support/ctl';
import { within } from '../support/deadline';
import { untilLogged } from '../support/log-lines';
import { inOtherVersion, installOurs, otherVersion } from '../support/other-version';
import { describeOnHost, realContainers } from '../support/requires';
import { shimOf } from '../support/shims';

/** How often the daemon is killed: by hand 50. */
const kills = Number(process.env['SHOW_KILLS'] ?? '5');

/** What a program finds: arguments, place, umask, user, and the variables that it was given. It writes a line each second of its life, and each of its starts. */
const script = `
cd_=$(pwd); trap 'exit 0' TERM
{ echo "args $*"; echo "cwd $cd_"; echo "umask $(umask)"; echo "user $(id -un) $(id -gn)"; env | grep -E '^(APP_|SHARED|SUPERVISOR_(ENABLED|PROCESS_NAME|GROUP_NAME)=|HERE)' | sort; } > "$SEEN/$SUPERVISOR_PROCESS_NAME"
echo start >> "$SEEN/starts-$SUPERVISOR_PROCESS_NAME"
case "$1" in ends) sleep 3; exit 0;; fails) exit 4;; esac
while :; do sleep 0.2; done
`;

/** Speaks the event listener protocol: what it is told goes to a file. */
const listenerScript = `
trap 'exit 0' TERM
while printf 'READY\\n'; IFS= read -r header; do payload=; IFS= read -r -N "\${header##*len:}" payload; echo "\${header##*eventname:} $payload" >> "$SEEN/told"; printf 'RESULT 2\\nOK'; done
`;

describeOnHost('a configuration of supervisord that is imported', [...realContainers, 'supervisord'], () => {
  let agent: AgentHost;
  let supervisord: ChildProcess | undefined;
  /** With its programs. */
  const stopSupervisord = async (): Promise<void> => {
    if (supervisord === undefined || supervisord.exitCode !== null) return;
    const ended = once(supervisord, 'exit');
    supervisord.kill('SIGTERM');
    await ended;
  };
  beforeEach(() => { agent = new AgentHost(); });
  afterEach(async () => {
    await stopSupervisord();
    await agent.cleanUp();
  });

  const seen = (): string => agent.host.own('seen');
  const conf = (): string => agent.host.own('supervisord.conf');
  const name = (short: string): string => agent.name(short);

  /** Ten processes and a listener, with groups, an include, numprocs and %(…)s. */
  const writeConfiguration = (): void => {
    for (const directory of [seen(), agent.host.own('conf.d'), agent.host.own('work')]) mkdirSync(directory);
    agent.write('see.sh', script);
    agent.write('listen.sh', listenerScript);
    const own = `${agent.host.own('')}/`;
    const command = (...words: readonly string[]): string => `command=bash ${own}see.sh ${words.join(' ')}`;
    writeFileSync(conf(), [
      '[supervisord]', 'nodaemon=true', `logfile=${own}supervisord.log`, `pidfile=${own}supervisord.pid`, `childlogdir=${own}`, `environment=SEEN="${seen()}",SHARED="of all"`,
      '[unix_http_server]', `file=${own}supervisor.sock`, '[rpcinterface:supervisor]', 'supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface',
      '[supervisorctl]', `serverurl=unix://${own}supervisor.sock`, '[include]', 'files = conf.d/*.conf',
      `[program:${name('plain')}]`, command('runs'), 'environment=APP_MODE="a b",APP_PERCENT="100%%"',
      `[program:${name('many')}]`, command('runs', '%(program_name)s', '%(process_num)02d'), 'numprocs=3', 'process_name=%(program_name)s_%(process_num)02d', 'environment=APP_NUMBER="%(process_num)d"',
      `[program:${name('placed')}]`, command('runs'), `directory=${own}work`, 'umask=027', 'user=nobody', 'environment=HERE="%(here)s"',
      `[eventlistener:${name('ears')}]`, `command=bash ${own}listen.sh`, 'events=PROCESS_STATE_RUNNING,PROCESS_STATE_EXITED', 'buffer_size=50', '',
    ].join('\n'));
    writeFileSync(agent.host.own('conf.d/more.conf'), [
      `[program:${name('left')}]`, command('runs', '"two words"'), 'stopasgroup=true',
      `[program:${name('right')}]`, command('runs'), 'priority=1', 'stdout_syslog=true',
      `[group:${name('pair')}]`, `programs=${name('left')},${name('right')}`,
      `[program:${name('ends')}]`, command('ends'), 'startsecs=1',
      // Longer than it takes to write down what it finds.
      `[program:${name('fails')}]`, command('fails'), 'startretries=1', 'startsecs=10',
      `[program:${name('manual')}]`, command('runs'), 'autostart=false', '',
    ].join('\n'));
    // What is written there is written by another user, too.
    for (const directory of [agent.host.directory, agent.host.own(''), seen()]) chmodSync(directory, 0o777);
  };

  const statesOf = (status: string): Readonly<Record<string, string>> => Object.fromEntries(status.split('\n').filter((line) => line !== '').map((line) => line.split(/\s+/).slice(0, 2) as [string, string]));
  const whatTheySee = (): Readonly<Record<string, string>> =>
    Object.fromEntries(readdirSync(seen()).filter((file) => !file.startsWith('starts-') && file !== 'told').sort().map((file) => [file, readFileSync(`${seen()}/${file}`, 'utf8')]));

  const settled = async (status: () => Promise<string>): Promise<Readonly<Record<string, string>>> => {
    let states: Readonly<Record<string, string>> = {};
    const look = async (): Promise<void> => {
      do states = statesOf(await status().catch(() => ''));
      while (states[name('ends')] !== 'EXITED' || states[name('fails')] !== 'FATAL' || Object.values(states).some((state) => state === 'STARTING') || !existsSync(`${seen()}/told`));
    };
    await within(look(), 'all at rest', undefined, () => JSON.stringify(states));
    return states;
  };

  test(`runs the same programs, in the same states, with the same surroundings, and no program notices ${String(kills)} kills of the daemon and an upgrade`, async () => {
    writeConfiguration();
    supervisord = spawn('supervisord', ['-c', conf()], { stdio: 'ignore', cwd: '/' });
    const theirs = { states: await settled(async () => (await promisify(execFile)('supervisorctl', ['-c', conf(), 'status']).catch((error: unknown) => error as { stdout: string })).stdout), seen: whatTheySee() };
    await stopSupervisord();
    rmSync(seen(), { recursive: true });
    mkdirSync(seen());
    chmodSync(seen(), 0o777);

    const ctl = new Ctl(agent.host);
    const imported = await ctl.run('import', conf(), '-o', agent.host.own('programs'));
    expect(imported.stdout).toContain(`[program:${name('right')}] stdout_syslog: not supported, dropped`);
    expect(imported.stdout).toContain(`[eventlistener:${name('ears')}] buffer_size: not supported, dropped`);
    const older = otherVersion(agent.host);
    const startOlder = (): Promise<void> => agent.startDaemon(inOtherVersion, { program: older.program });
    await startOlder();
    const ours = { states: await settled(async () => (await ctl.run('status')).stdout), seen: whatTheySee() };
    expect(ours).toEqual(theirs);
    expect(Object.keys(ours.seen).length).toBeGreaterThanOrEqual(9);

    const pids = async (): Promise<string> => (await ctl.run('status')).stdout.replaceAll(/, uptime \S+/g, '');
    const before = await pids();
    const starts = (): string => readdirSync(seen()).filter((file) => file.startsWith('starts-')).sort().map((file) => `${file} ${readFileSync(`${seen()}/${file}`, 'utf8')}`).join('');
    const begun = starts();
    const killed = async (times: number): Promise<void> => {
      for (let count = 0; count < times; count += 1) {
        await agent.host.stopDaemon('SIGKILL');
        await startOlder();
      }
    };
    await killed(Math.floor(kills / 2));
    const shim = shimOf(agent.host);
    installOurs(older);
    expect((await ctl.run('reload')).stdout).toContain('Restarted holdfastd');
    await untilLogged(agent.host, ({ msg }) => msg === 'a shim was upgraded in place', 'the upgrade');
    expect(shimOf(agent.host)).toMatchObject({ pid: shim.pid, starttime: shim.starttime });
    expect(shimOf(agent.host).commandLine).toContain(' --take-up ');
    // From here on it is ours that is started from there.
    await killed(kills - Math.floor(kills / 2));
    expect((await ctl.run('version')).stdout).toBe(`${version}\n`);
    expect(await pids()).toBe(before);
    expect(starts()).toBe(begun);
  }, 180_000 + kills * 10_000);
});
