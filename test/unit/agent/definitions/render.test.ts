import { effectiveKeys } from '../../../../src/agent/definitions/effective';
import { readDefinitionFile } from '../../../../src/agent/definitions/read-file';
import { renderDefinition, renderToml } from '../../../../src/agent/definitions/render';
import type { ProgramDefinition } from '../../../../src/agent/definitions/definition';
import { fc } from '../../../support/property';

function read(source: string): ProgramDefinition {
  const { programs: [program], errors } = readDefinitionFile('/p/web.toml', source);
  if (program === undefined) throw new Error(errors.map(({ message }) => message).join('\n'));
  return program;
}

/** All but where it stands, and functions. */
function essence({ source: _source, settingsOf: _settingsOf, written: _written, ...rest }: ProgramDefinition): unknown {
  return rest;
}

test('what is shown has all defaults, where it is from, and no secret', () => {
  const text = renderDefinition(read('[program.web]\ncommand = "/srv/web -p 80"\nsecrets = { KEY = "/etc/the-key" }'));
  expect(text).toContain('# /p/web.toml:1\n[program.web]\ncommand = [ "/srv/web", "-p", "80" ]\n');
  expect(text).toContain('\n[program.web.secrets]\nKEY = "********"\n');
  expect(text).not.toContain('the-key');
  expect(text).toContain('\nstartsecs = 1\nstartretries = "forever"\n');
});

test.each([
  'image = "box"', 'image = "box"\nnetwork = "cni:boxes"\npublish = ["8080:80", "[::1]:53:53/udp"]\npull = "always"\nvolumes = "/a:/b"\nhostname = "box"\nentrypoint = "/x"', 'image = "box"\ncommand = "a b"\nuser = "www"\ngroup = "adm"\ndirectory = "/srv"\nstopsignal = "TERM"', 'image = "box"\nshell = true\ncommand = "a; b"',
])('what is shown of an image is the same definition: %j', (keys) => {
  const program = read(`[program.web]\n${keys}`);
  expect(essence(read(renderToml({ program: { web: effectiveKeys(program) } })))).toEqual(essence(program));
});

const duration = fc.oneof(fc.nat(1000), fc.constantFrom('1m30s', '500ms', '1h', '0'));
const positive = fc.oneof(fc.integer({ min: 1, max: 1000 }), fc.constantFrom('1m30s', '500ms'));
const size = fc.oneof(fc.integer({ min: 4096, max: 1 << 30 }), fc.constantFrom('64m', '1.5g', '8k'));
const text = fc.string({ minLength: 1, maxLength: 8 }).map((each) => each.replaceAll(/[\0$]/g, '_'));
const path = fc.constantFrom('/srv/a', '${here}/b', '/x y/${program_name}');
const signal = fc.constantFrom('TERM', 'INT', '10', 'SIGUSR2', 'RTMIN+3');
const maybe = { requiredKeys: [] };

const table = fc.record({
  command: fc.oneof(fc.array(text, { minLength: 1, maxLength: 3 }), fc.constantFrom('a b', 'x \'y z\'')),
  directory: path, umask: fc.constantFrom('002', '0077', 18), user: fc.oneof(fc.nat(9999), fc.constant('www')), group: fc.constant('adm'),
  extra_groups: fc.array(fc.constantFrom('a', 'b'), { maxLength: 2 }), environment: fc.dictionary(fc.constantFrom('A', 'B_1', 'c d'), text, { noNullPrototype: true }),
  environment_file: fc.constantFrom('/a', '-/b', ['/a', '-/b']), inherit_environment: fc.boolean(), terminal: fc.boolean(), stdin: fc.constantFrom('null', 'open'),
  labels: fc.dictionary(fc.constantFrom('x', 'y.z'), text, { noNullPrototype: true }), description: text, pid_namespace: fc.boolean(),
  autostart: fc.boolean(), onreboot: fc.constantFrom('start', 'laststate'), priority: fc.nat(2000),
  depends_on: fc.constantFrom(['db'], { db: 'healthy', 'g:*': 'exited' }), dependency_restart: fc.boolean(), dependency_timeout: duration,
  autorestart: fc.constantFrom(true, false, 'unexpected', 'always', 'never'), exitcodes: fc.array(fc.oneof(fc.nat(255), fc.constantFrom('TERM', 'KILL'))),
  startsecs: duration, startretries: fc.oneof(fc.nat(10), fc.constant('forever')),
  restart: fc.record({ initial: fc.constantFrom(1, '200ms'), max: fc.constantFrom(60, '2m'), factor: fc.integer({ min: 1, max: 9 }), jitter: fc.constantFrom(0, 0.5), reset: duration, limit: fc.record({ count: fc.integer({ min: 1, max: 9 }), within: duration }) }, maybe),
  on_fatal: fc.constantFrom('none', 'shutdown', ['mail', 'root']), kill_mode: fc.constantFrom('group', 'process'),
  stopsignal: fc.oneof(signal, fc.array(fc.tuple(signal, duration), { minLength: 1, maxLength: 3 })), reload_signal: signal,
  health: fc.oneof(
    fc.record({ http: fc.constant('http://x:80${instance_number}/'), expect_status: fc.constantFrom(204, ['200-299', 304]), expect_body: text, interval: positive }),
    fc.record({ tcp: fc.constantFrom('x:1', '[::1]:80'), timeout: positive, retries: fc.integer({ min: 1, max: 9 }), start_period: duration }),
    fc.record({ exec: fc.array(text, { minLength: 1 }), on_failure: fc.constantFrom('restart', 'none'), start_interval: positive }),
    fc.record({ notify: fc.constant(true) }),
  ),
  ready: fc.constantFrom('startsecs', 'notify', { log: 'a|b' }),
  limits: fc.record({ memory: size, memory_high: size, cpus: fc.constantFrom(0.5, 2), cpu_weight: fc.integer({ min: 1, max: 10_000 }), pids: fc.integer({ min: 1, max: 99 }), nofile: fc.constantFrom(9, '1:2', 'unlimited'), stack: fc.constantFrom('8m', '1m:unlimited') }, maybe),
  oom_score_adjust: fc.integer({ min: -1000, max: 1000 }), nice: fc.integer({ min: -20, max: 19 }), no_new_privileges: fc.boolean(), capabilities: fc.constantFrom('all', [], ['CHOWN']),
  log: fc.record({ max_size: size, max_files: fc.integer({ min: 1, max: 99 }), max_age: positive, compress: fc.boolean(), format: fc.constantFrom('cri', 'raw'), stdout: fc.constantFrom('keep', 'null', '/x.log'), rate: fc.record({ lines: fc.integer({ min: 1, max: 99 }), per: positive }) }, maybe),
  listen: fc.constant({ http: 'tcp://127.0.0.1:80${instance_number}', u: 'unix:///run/x' }), numprocs: fc.integer({ min: 1, max: 3 }), numprocs_start: fc.nat(5),
}, { requiredKeys: ['command'] });

test('what is shown is read as the definition that it is of', () => {
  fc.assert(fc.property(table, (keys) => {
    fc.pre(!Array.isArray(keys.command) || keys.command[0] !== '');
    const once = read(renderToml({ program: { web: keys as never } }));
    const again = read(renderDefinition(once));
    expect(essence(again)).toEqual(essence(once));
    expect(effectiveKeys(again)).toEqual(effectiveKeys(once));
  }), { numRuns: 300 });
});
