import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { processesOf } from '../../../../src/agent/definitions/processes';
import { readDefinitionFile } from '../../../../src/agent/definitions/read-file';
import { bringTogether, noDefinitions } from '../../../../src/agent/definitions/set';
import { importConfiguration } from '../../../../src/ctl/import/import';
import { parseIni } from '../../../../src/ctl/import/ini';
import { readConfiguration } from '../../../../src/ctl/import/read-conf';

const imported = (text: string, env: Readonly<Record<string, string>> = {}) => importConfiguration({ here: '/conf', files: [], sections: parseIni('/conf/s.conf', text) }, env);
/** What `check` finds in it. */
const checked = ({ files }: ReturnType<typeof imported>) => bringTogether(noDefinitions, [...files].map(([name, toml]) => readDefinitionFile(`/p/${name}`, toml)));
const processes = (text: string, env?: Readonly<Record<string, string>>) => {
  const { programs, errors } = checked(imported(text, env));
  expect(errors).toEqual([]);
  return [...programs.values()].flatMap((program) => processesOf(program));
};

test('an INI file is read as supervisord reads it', () => {
  const text = '; all of it\n[a]\nKey = one ; a comment\nurl=http://x/;y\n\tmore\n# no key\n\nother: 2\n[b]\n[a]\nkey=two\n';
  expect(parseIni('f', text).map(({ name, values }) => [name, [...values]])).toEqual([
    ['a', [['key', 'two'], ['url', 'http://x/;y\nmore'], ['other', '2']]], ['b', []],
  ]);
  expect(() => parseIni('f', 'garbage')).toThrow(/^f:1: expected a section/);
  expect(() => parseIni('f', '[a]\ngarbage')).toThrow(/^f:2: expected KEY=VALUE/);
});

test('a program is the same as it was', () => {
  const [first, second] = processes([
    '[program:web]', 'command=/bin/web --port 80%(process_num)02d "two words" 100%% ${HOME}', 'process_name=%(program_name)s_%(process_num)02d', 'numprocs=2',
    'directory=%(here)s/web', 'environment=A="x,y",B=%(ENV_HOME)s', 'exitcodes=0,2', 'stopsignal=int', 'autorestart=true', 'stdout_logfile_maxbytes=1MB', 'stdout_logfile_backups=3',
  ].join('\n'), { HOME: '/root' });
  expect([first?.fullName, second?.fullName]).toEqual(['web:web_00', 'web:web_01']);
  expect(second).toMatchObject({
    command: ['/bin/web', '--port', '8001', 'two words', '100%', '${HOME}'], directory: '/conf/web', autorestart: 'always', startRetries: 3, killMode: 'process',
    expectedEnds: [{ status: 0 }, { status: 2 }], stopSteps: [{ signal: 2, waitMs: 10_000 }], log: { maxSizeBytes: 2 ** 20, maxFiles: 4 },
  });
  expect([...second?.environment ?? []]).toEqual([['A', 'x,y'], ['B', '/root']]);
});

test('groups, event listeners, FastCGI programs, and what [supervisord] gives its programs', () => {
  const all = processes([
    '[supervisord]', 'environment=COMMON=1', 'user=nobody', '[group:pair]', 'programs=left, right', 'priority=5', '[program:left]', 'command=a', '[program:right]', 'command=b', 'user=root',
    '[eventlistener:mem]', 'command=m', 'events=TICK_60,PROCESS_STATE', '[fcgi-program:php]', 'command=p', 'socket=unix:///run/php.sock',
  ].join('\n'));
  expect(all.map(({ fullName, user, groupPriority }) => [fullName, user, groupPriority])).toEqual([
    ['pair:left', 'nobody', 5], ['mem', 'nobody', 999], ['php', 'nobody', 999], ['pair:right', 'root', 5],
  ].sort(([a], [b]) => (String(a).replace('pair:', '') < String(b).replace('pair:', '') ? -1 : 1)));
  expect(all.find(({ program }) => program === 'mem')?.listener).toEqual({ events: ['TICK_60', 'PROCESS_STATE'] });
  expect(all.find(({ program }) => program === 'php')?.listen).toEqual([{ name: 'fcgi', address: 'unix:///run/php.sock' }]);
});

test('each section and each key without an equal is told', () => {
  const { lines } = imported('[supervisord]\nlogfile=/x\n[inet_http_server]\nport=1\n[program:a b]\ncommand=c\nstdout_syslog=true\nstdout_logfile=/dev/stdout\nenvironment=X=%(ENV_NONE)s\nnumprocs=many\n[rpcinterface:supervisor]\nx=1\n[odd]\n');
  expect(lines).toEqual([
    '[supervisord] logfile: not supported, dropped',
    '[inet_http_server]: not supported, dropped: holdfastctl speaks to the daemon by its socket',
    '[program:a b] → a-b.toml',
    '[program:a b]: "a b" is no name here, it is a-b now',
    '[program:a b] numprocs: expected a whole number, not "many"',
    '[program:a b] environment: %(ENV_NONE)s: the variable is not set here',
    '[program:a b] stdout_logfile: /dev/stdout is the daemon\'s own; it is kept instead: holdfastctl logs',
    '[program:a b] stdout_syslog: not supported, dropped',
    '[odd]: not supported, dropped',
  ]);
});

test('files that are included count, later ones more', () => {
  const directory = mkdtempSync(join(tmpdir(), 'import-'));
  try {
    mkdirSync(join(directory, 'conf.d'));
    writeFileSync(join(directory, 's.conf'), '[program:x]\ncommand=a\n[include]\nfiles = conf.d/*.conf %(here)s/none.conf.*\n');
    writeFileSync(join(directory, 'conf.d/b.conf'), '[program:x]\ncommand=b\n[program:y]\ncommand=y\n');
    const { here, sections } = readConfiguration(join(directory, 's.conf'));
    expect(here).toBe(directory);
    expect(sections.map(({ name, values }) => [name, values.get('command')])).toEqual([['program:x', 'b'], ['program:y', 'y']]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test("what is made of the recordings' configuration passes check", () => {
  const text = readFileSync(join(__dirname, '../../../fixtures/supervisorctl/01-status.conf'), 'utf8');
  expect(processes(text)).toHaveLength(19);
});
