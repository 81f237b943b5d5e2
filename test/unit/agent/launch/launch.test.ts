import type { ProcessDefinition } from '../../../../src/agent/definitions/definition';
import { processesOf } from '../../../../src/agent/definitions/processes';
import { readDefinitionFile } from '../../../../src/agent/definitions/read-file';
import { argumentsOf } from '../../../../src/agent/launch/command';
import { environmentOf } from '../../../../src/agent/launch/environment';
import { lookUp } from '../../../../src/agent/launch/host-facts';
import { hostSpecOf } from '../../../../src/agent/launch/host-spec';
import { Fields } from '../../../../src/runtime/fields';
import { readHostSpec } from '../../../../src/runtime/host/host-spec';
import { parseJson } from '../../../../src/runtime/json';

function processOf(keys: string): ProcessDefinition {
  const { programs: [program], errors } = readDefinitionFile('/p/web.toml', `[program.web]\n${keys}`);
  if (program === undefined) throw new Error(errors.map(({ message }) => message).join('\n'));
  const [process] = processesOf(program);
  if (process === undefined) throw new Error('no process');
  return process;
}

const host: Readonly<Record<string, string>> = {
  '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\nwww:x:33:34:www:/var/www:/usr/sbin/nologin\n',
  '/etc/group': 'root:x:0:\nwww:x:34:\nadm:x:4:www,other\nssl:x:99:other,www\n',
  '/a.env': 'PORT=80\nBASE=/a',
  '/b.env': 'BASE=/b',
  '/bad.env': 'PORT=80\nno variable',
  '/secret': 'hush\n',
};

function read(path: string): Promise<string> {
  const text = host[path];
  return text === undefined ? Promise.reject(Object.assign(new Error(`ENOENT: ${path}`), { code: 'ENOENT' })) : Promise.resolve(text);
}

async function environmentIn(keys: string, inherited: Record<string, string> = {}): Promise<Readonly<Record<string, string>>> {
  const process = processOf(`command = "x"\n${keys}`);
  const facts = await lookUp(process, read);
  const all = environmentOf(process, { ...facts, credentialsDirectory: undefined, inherited });
  expect(new Set(all.map((each) => each.split('=')[0])).size).toBe(all.length);
  return Object.fromEntries(all.map((each) => [each.slice(0, each.indexOf('=')), each.slice(each.indexOf('=') + 1)]));
}

test('nothing of the daemon\'s environment gets in', async () => {
  expect(await environmentIn('user = "www"', { TOKEN: 'x', HOME: '/daemon' })).toEqual({
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8', HOME: '/var/www', USER: 'www', LOGNAME: 'www', SHELL: '/usr/sbin/nologin',
    HOLDFAST_PROCESS_NAME: 'web', HOLDFAST_GROUP_NAME: 'web', HOLDFAST_PROGRAM_NAME: 'web', HOLDFAST_PROCESS_NUM: '0',
    SUPERVISOR_ENABLED: '1', SUPERVISOR_PROCESS_NAME: 'web', SUPERVISOR_GROUP_NAME: 'web',
  });
});

test('unless that is asked for; the user\'s own still counts', async () => {
  expect(await environmentIn('user = "www"\ninherit_environment = true', { TOKEN: 'x', HOME: '/daemon', PATH: '/p' })).toMatchObject({ TOKEN: 'x', PATH: '/p', HOME: '/var/www' });
});

test('files, the later first; the definition over all; references to files, what each has, and what is built in', async () => {
  const keys = 'environment_file = ["/a.env", "-/none.env", "/b.env"]\nsecrets = { KEY = { file = "/secret", as = "environment" } }\nenvironment = { BASE = "${BASE}/${program_name}", P = "/opt:${PATH}", X = "$${BASE}" }';
  expect(await environmentIn(keys)).toMatchObject({ PORT: '80', BASE: '/b/web', P: expect.stringMatching(/^\/opt:\/usr/) as string, X: '${BASE}', KEY: 'hush' });
});

test.each([
  ['user = "nobody-here"', 'no-such-account', 'there is no user "nobody-here" on this host'],
  ['group = "nogroup-here"', 'no-such-account', 'there is no group "nogroup-here" on this host'],
  ['environment_file = "/none.env"', 'environment-file', 'environment_file: /none.env cannot be read: ENOENT: /none.env'],
  ['environment_file = "-/bad.env"', 'environment-file', 'environment_file: /bad.env:2: expected NAME=value'],
  ['environment = { A = "${NONE}" }', 'environment', 'environment: A: ${NONE} is neither in the environment files nor built in'],
  ['secrets = { KEY = { file = "/none", as = "environment" } }', 'secret', 'secrets: KEY: its file cannot be read: ENOENT: /none'],
])('%s', async (keys, code, message) => {
  await expect(environmentIn(keys)).rejects.toMatchObject({ name: 'LaunchError', code, message, process: 'web' });
});

test.each([
  ['', { gid: 0, uid: 0, additionalGids: [] }],
  ['user = "www"', { uid: 33, gid: 34, additionalGids: [4, 99] }],
  ['user = 33\ngroup = "adm"\nextra_groups = []', { uid: 33, gid: 4, additionalGids: [] }],
  ['user = 4711', { uid: 4711, gid: 0, additionalGids: [], entry: undefined }],
  ['user = "www"\nextra_groups = ["ssl", 7]'.replace('7', '"7"'), { additionalGids: [99, 7] }],
])('whom it runs as: %j', async (keys, account) => {
  expect((await lookUp(processOf(`command = "x"\n${keys}`), read)).account).toMatchObject(account);
});

test('the spec of a host program is one that its runtime takes', async () => {
  const process = processOf(`command = "serve -p 80"
user = "www"
umask = "027"
directory = "/srv"
pid_namespace = true
nice = 5
oom_score_adjust = -100
no_new_privileges = true
capabilities = ["NET_BIND_SERVICE"]
limits = { memory = "64m", swap = "32m", memory_high = "48m", cpus = 1.5, cpu_weight = 100, pids = 9, io_weight = 100, nofile = "8:unlimited" }`);
  const { account } = await lookUp(process, read);
  const spec = parseJson(hostSpecOf(process, account, ['A=1']));
  expect(spec).toEqual({
    ociVersion: '1.0.2',
    process: {
      terminal: false, user: { uid: 33, gid: 34, additionalGids: [4, 99], umask: 0o027 }, args: ['serve', '-p', '80'], env: ['A=1'], cwd: '/srv',
      capabilities: { bounding: ['CAP_NET_BIND_SERVICE'], inheritable: ['CAP_NET_BIND_SERVICE'], ambient: ['CAP_NET_BIND_SERVICE'] },
      rlimits: [{ type: 'RLIMIT_NOFILE', soft: 8, hard: 18446744073709551615n }],
      noNewPrivileges: true, oomScoreAdj: -100, scheduler: { policy: 'SCHED_OTHER', nice: 5 },
    },
    linux: {
      resources: {
        memory: { limit: 64 * 2 ** 20, swap: 96 * 2 ** 20 }, cpu: { quota: 150_000, period: 100_000, shares: 2598 }, pids: { limit: 9 },
        blockIO: { weight: 20 }, unified: { 'memory.high': String(48 * 2 ** 20) },
      },
      namespaces: [{ type: 'pid' }],
    },
  });
  expect(readHostSpec(Fields.of(spec, 'spec', 'bad-bundle'), '/holdfast/x')).toMatchObject({ ownPidNamespace: true });
});

test.each([
  ['serve -p "$PORT"', 'exec serve -p "$PORT"'],
  ['./serve', 'exec ./serve'],
  ['serve | tee log', 'serve | tee log'],
  ['cd /srv && serve', 'cd /srv && serve'],
  ['echo hello', 'echo hello'],
  ['A=1 serve', 'A=1 serve'],
  ['serve $(date)', 'serve $(date)'],
])('a shell executes %j', (script, said) => {
  expect(argumentsOf({ command: [script], shell: true })).toEqual(['/bin/sh', '-c', said]);
});
