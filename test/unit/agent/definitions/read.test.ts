import { hostname } from 'node:os';
import type { ProcessDefinition, ProgramDefinition } from '../../../../src/agent/definitions/definition';
import { errorLine } from '../../../../src/agent/definitions/errors';
import { nextDue } from '../../../../src/agent/definitions/keys/schedule';
import { processesOf } from '../../../../src/agent/definitions/processes';
import { readDefinitionFile } from '../../../../src/agent/definitions/read-file';
import { bringTogether, noDefinitions } from '../../../../src/agent/definitions/set';

/** The programs of a text without errors. */
function programsOf(source: string): ReadonlyMap<string, ProgramDefinition> {
  const { programs, errors } = bringTogether(noDefinitions, [readDefinitionFile('/etc/holdfast/programs/x.toml', source)]);
  expect(errors.map(errorLine)).toEqual([]);
  return programs;
}

function programOf(source: string): ProgramDefinition {
  const [first] = programsOf(source).values();
  if (first === undefined) throw new Error('no program');
  return first;
}

function processesIn(source: string): readonly ProcessDefinition[] {
  return [...programsOf(source).values()].flatMap((program) => processesOf(program));
}

test('a definition of its command alone has the defaults of the documents', () => {
  expect(programOf('[program.web]\ncommand = "/srv/web -p 80"')).toMatchObject({
    name: 'web', group: 'web', groupPriority: 999, listener: undefined, numprocs: 1, numprocsStart: 0,
    kind: { is: 'host', pidNamespace: false }, command: ['/srv/web', '-p', '80'], shell: false,
    directory: '/', umask: 0o022, user: undefined, userGroup: undefined, extraGroups: undefined,
    environmentFiles: [], inheritEnvironment: false, secrets: [], terminal: false, stdin: 'null', description: undefined,
    autostart: true, onReboot: 'start', priority: 999, dependsOn: [], dependencyRestart: false, dependencyTimeoutMs: undefined,
    schedule: undefined, oneshot: false, autorestart: 'unexpected', expectedEnds: [{ status: 0 }], startMs: 1000, startRetries: 'forever',
    restart: { initialMs: 1000, maxMs: 60_000, factor: 2, jitter: 0.2, resetMs: 60_000, limit: undefined },
    onFatal: { is: 'none' }, stopSteps: [{ signal: 15, waitMs: 10_000 }], killMode: 'group', reload: undefined,
    health: undefined, ready: { is: 'startsecs' }, resourceLimits: [], oomScoreAdjust: undefined, nice: undefined,
    noNewPrivileges: false, capabilities: undefined, readOnlyPaths: [], privateTmp: false, network: { is: 'host' }, volumes: [], hostname: undefined, entrypoint: undefined,
    log: { maxSizeBytes: 52_428_800, maxFiles: 10, maxAgeMs: undefined, compress: false, format: 'cri', stdout: { is: 'keep' }, stderr: { is: 'keep' }, rate: undefined },
    listen: [], source: { file: '/etc/holdfast/programs/x.toml', line: 1, column: 1 },
  });
});

const example = `
[program.web]
command = ["/srv/web/bin/serve", "--port", "80\${instance_number}"]
user = "www"
numprocs = 2
depends_on = { db = "healthy", migrate = "completed" }
environment_file = ["/etc/web.env", "-/etc/web.local.env"]
[program.web.restart]
max = "30s"
[program.web.health]
http = "http://127.0.0.1:80\${instance_number}/healthz"
[program.web.limits]
memory = "512m"
cpus = 1.5
[program.db]
command = "/srv/db"
health = { tcp = "127.0.0.1:5432", start_period = "30s" }
[program.migrate]
command = "/srv/migrate"
oneshot = true
`;

test('processes of a program: names, and texts that are whole', () => {
  const [db, migrate, ...web] = processesIn(example);
  expect(db?.health).toMatchObject({ check: { is: 'tcp', address: '127.0.0.1:5432' }, intervalMs: 10_000, timeoutMs: 3000, retries: 3, startPeriodMs: 30_000, startIntervalMs: 1000, onFailure: 'restart' });
  expect(migrate).toMatchObject({ fullName: 'migrate', oneshot: true });
  expect(web.map(({ fullName }) => fullName)).toEqual(['web:web_00', 'web:web_01']);
  expect(web[1]).toMatchObject({
    group: 'web', process: 'web_01', program: 'web', number: 1, command: ['/srv/web/bin/serve', '--port', '8001'],
    health: { check: { is: 'http', url: 'http://127.0.0.1:8001/healthz', expectStatus: [{ from: 200, to: 399 }] } },
    dependsOn: [{ target: 'db', condition: 'healthy' }, { target: 'migrate', condition: 'completed' }],
    environmentFiles: [{ path: '/etc/web.env', optional: false }, { path: '/etc/web.local.env', optional: true }],
    limits: { memoryBytes: 512 * 2 ** 20, cpus: 1.5 },
    restart: { maxMs: 30_000 },
  });
});

test('references of each kind, and those that are left', () => {
  const [, second] = processesIn(`[program.web]
command = "serve \${program_name} \${group_name} \${process_num} \${process_num:03} \${host} $HOME $\${here}"
numprocs = 2
numprocs_start = 7
directory = "\${here}/web"
environment = { PORT = "\${BASE}\${process_num}" }
[group.all]
programs = ["web"]
priority = 5`);
  expect(second?.command).toEqual(['serve', 'web', 'all', '8', '008', hostname(), '$HOME', '${here}']);
  expect(second).toMatchObject({ fullName: 'all:web_08', groupPriority: 5, directory: '/etc/holdfast/programs/web' });
  // Variables are expanded at the start, from the files of that time.
  expect(second?.environment.get('PORT')).toBe('${BASE}${process_num}');
});

test('a shell script keeps what is the shell\'s', () => {
  const [one] = processesIn('[program.web]\nshell = true\ncommand = "echo ${HOME} ${program_name} | cat"');
  expect(one).toMatchObject({ shell: true, command: ['echo ${HOME} web | cat'] });
});

test.each([
  ['["a b", "c"]', ['a b', 'c']],
  ['"a \'b c\' \\"d\\" e\\\\ f"', ['a', 'b c', 'd', 'e f']],
  ['"a $X | b > c; d"', ['a', '$X', '|', 'b', '>', 'c;', 'd']],
])('command = %s', (toml, words) => {
  expect(programOf(`[program.web]\ncommand = ${toml}`).command).toEqual(words);
});

test('values of each form', () => {
  const program = programOf(`[program.web]
command = "x"
umask = 0o077
user = 1000
exitcodes = [0, 2, "TERM"]
autorestart = true
startsecs = "500ms"
startretries = 3
stopsignal = [["INT", 5], ["TERM", "1m"]]
reload_signal = "HUP"
on_fatal = ["mail", "root"]
restart = { jitter = 0, limit = { count = 20, within = "1h" } }
ready = { log = "listening on" }
schedule = "5 4 * * MON"
timezone = "Europe/Vienna"
capabilities = ["cap_net_admin", "CHOWN"]
limits = { nofile = 65536, core = "unlimited", stack = "8m:16m", memory = "1g", swap = 0, cpu_weight = 200 }
log = { stdout = "/var/log/\${program_name}.log", stderr = "null", rate = { lines = 10 } }
listen = { http = "tcp://127.0.0.1:80", ctl = "unix:///run/x.sock" }
secrets = { A = "/etc/a", B = { file = "/etc/b", as = "environment" } }`.replace('startsecs = "500ms"\n', ''));
  expect(program).toMatchObject({
    umask: 0o077, user: '1000', expectedEnds: [{ status: 0 }, { status: 2 }, { signal: 15 }], autorestart: 'always', startRetries: 3,
    stopSteps: [{ signal: 2, waitMs: 5000 }, { signal: 15, waitMs: 60_000 }], reload: { is: 'signal', signal: 1 },
    onFatal: { is: 'command', command: ['mail', 'root'] }, restart: { jitter: 0, limit: { count: 20, withinMs: 3_600_000 } },
    ready: { is: 'log', pattern: 'listening on' }, oneshot: true,
    schedule: { when: { is: 'cron', expression: '5 4 * * MON' }, missed: 'run-once', overlap: 'skip', timezone: 'Europe/Vienna' },
    capabilities: ['CAP_NET_ADMIN', 'CAP_CHOWN'], limits: { swapBytes: 0, cpuWeight: 200 },
    log: { stderr: { is: 'null' }, rate: { lines: 10, perMs: 1000 } },
    listen: [{ name: 'http', address: 'tcp://127.0.0.1:80' }, { name: 'ctl', address: 'unix:///run/x.sock' }],
    secrets: [{ name: 'A', file: '/etc/a', as: 'file' }, { name: 'B', file: '/etc/b', as: 'environment' }],
  });
  expect(program.resourceLimits).toEqual(expect.arrayContaining([
    { name: 'nofile', soft: 65_536, hard: 65_536 }, { name: 'core', soft: 'unlimited', hard: 'unlimited' }, { name: 'stack', soft: 8 * 2 ** 20, hard: 16 * 2 ** 20 },
  ]));
});

test('when a schedule is due', () => {
  const { schedule: cron } = programOf('[program.a]\ncommand = "x"\nschedule = "5 4 * * *"\ntimezone = "Europe/Vienna"');
  const { schedule: every } = programOf('[program.a]\ncommand = "x"\nschedule = "every 30m"');
  if (cron === undefined || every === undefined) throw new Error('no schedule');
  // 04:05 in Vienna in summer is 02:05 UTC.
  expect(nextDue(cron, Date.UTC(2026, 6, 1, 3), undefined)).toBe(Date.UTC(2026, 6, 2, 2, 5));
  expect(nextDue(every, 1_000_000, undefined)).toBe(1_000_000 + 1_800_000);
  expect(nextDue(every, 1_000_000, 900_000)).toBe(900_000 + 1_800_000);
  expect(nextDue(every, 10_000_000, 900_000)).toBe(900_000 + 6 * 1_800_000);
  expect(nextDue(every, 2_700_000, 900_000)).toBe(900_000 + 2 * 1_800_000);
});
