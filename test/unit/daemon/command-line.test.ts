import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readCommandLine } from '../../../src/daemon/command-line';
import { DaemonError } from '../../../src/daemon/errors';
import { RUNTIME_COPY, type Settings } from '../../../src/daemon/settings';
import { fc } from '../../support/property';

let dir: string;
let configFile: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
  configFile = join(dir, 'config.toml');
});
afterEach(() => rmSync(dir, { recursive: true }));

/** Reads with a default configuration file that is this test's, and not there at first. */
function settingsOf(...args: readonly string[]): Settings {
  const invocation = readCommandLine(args, { defaultConfigFile: configFile });
  if (invocation.kind !== 'run') throw new Error(`expected to run, not ${invocation.kind}`);
  return invocation.settings;
}

function errorOf(...args: readonly string[]): DaemonError {
  try {
    readCommandLine(args, { defaultConfigFile: configFile });
  } catch (error) {
    if (error instanceof DaemonError) return error;
    throw error;
  }
  throw new Error('expected an error');
}

const DEFAULTS: Settings = {
  debug: false,
  logLevel: 'info',
  programs: '/etc/holdfast/programs',
  stateDir: '/run/containerd',
  root: '/var/lib/holdfast',
  socketPaths: ['/run/containerd/containerd.sock'],
  socketGroup: undefined,
  socketUserId: 0,
  messageLimits: undefined,
  oomScoreAdj: undefined,
  runtime: 'runc',
  runtimeArgs: [],
  runtimes: new Map(),
  mirrors: new Map(),
  shim: 'containerd-shim',
  shimCalledAs: 'holdfast-shim',
  startTimeoutMs: 30_000,
  onShimDeath: 'adopt',
  runtimeCopy: 'auto',
  retainCount: 500,
  metricsIntervalMs: 300_000,
  graphiteAddress: undefined,
  metricsAddress: undefined,
  pprofAddress: undefined,
  configFile: undefined,
};

describe('flags', () => {
  test('none: the defaults', () => {
    expect(settingsOf()).toEqual(DEFAULTS);
  });

  test('as an old dockerd gives them', () => {
    const args =
      '-l unix:///var/run/docker/libcontainerd/docker-containerd.sock --metrics-interval=0 --start-timeout 2m ' +
      '--state-dir /var/run/docker/libcontainerd/containerd --shim docker-containerd-shim --runtime docker-runc ' +
      '--debug --runtime-args --systemd-cgroup=true --runtime-args --root=/run/other';
    expect(settingsOf(...args.split(' '))).toEqual({
      ...DEFAULTS,
      debug: true,
      logLevel: 'debug',
      stateDir: '/var/run/docker/libcontainerd/containerd',
      // Two daemons with the same one would be in each other's way.
      root: '/var/run/docker/libcontainerd/containerd.holdfast/root',
      socketPaths: ['/var/run/docker/libcontainerd/docker-containerd.sock'],
      runtime: 'docker-runc',
      runtimeArgs: ['--systemd-cgroup=true', '--root=/run/other'],
      shim: 'docker-containerd-shim',
      shimCalledAs: 'docker-containerd-shim',
      startTimeoutMs: 120_000,
      metricsIntervalMs: 0,
    });
  });

  test.each<[string, Partial<Settings>]>([
    ['--debug=true', { debug: true, logLevel: 'debug' }],
    ['--debug=false', {}],
    ['--debug=0', {}],
    ['-debug', { debug: true, logLevel: 'debug' }],
    ['--debug --log-level error', { debug: true, logLevel: 'error' }],
    ['--debug --log-level=info', { debug: true }],
    ['--log-level=WARNING', { logLevel: 'warn' }],
    ['--log-level panic', { logLevel: 'panic' }],
    ['--runtime runc -r crun', { runtime: 'crun' }],
    ['-r=crun', { runtime: 'crun' }],
    ['--runtime=a=b', { runtime: 'a=b' }],
    ['--listen unix:///a.sock -l unix:///b.sock -l unix:///a.sock', { socketPaths: ['/a.sock', '/b.sock'] }],
    ['--listen=UNIX:///a/../b.sock', { socketPaths: ['/b.sock'] }],
    ['--listen unix://relative.sock', { socketPaths: [join(process.cwd(), 'relative.sock')] }],
    ['--listen /run/docker/a.sock', { socketPaths: ['/run/docker/a.sock'] }],
    ['--listen a.sock -l ./a.sock', { socketPaths: [join(process.cwd(), 'a.sock')] }],
    // Its absolute form has more than 107 bytes, but what is bound is what is given.
    [`--listen unix://${'a'.repeat(107)}`, { socketPaths: ['a'.repeat(107)] }],
    [`--listen ${'b'.repeat(107)}`, { socketPaths: ['b'.repeat(107)] }],
    ['--root var/lib', { root: join(process.cwd(), 'var/lib') }],
    ['--state-dir state', { stateDir: join(process.cwd(), 'state'), root: join(process.cwd(), 'state.holdfast/root') }],
    ['--start-timeout 0', { startTimeoutMs: 0 }],
    ['--shim containerd-shim', { shimCalledAs: 'containerd-shim' }],
    ['--retain-count 0', { retainCount: 0 }],
    ['--on-shim-death=kill', { onShimDeath: 'kill' }],
    ['--runtime-copy=never', { runtimeCopy: 'never' }],
    ['--socket-group docker', { socketGroup: 'docker' }],
    ['--graphite-address=', {}],
    ['--graphite-address graphite.example:2003', { graphiteAddress: { host: 'graphite.example', port: 2003 } }],
    ['--metrics-address :9323', { metricsAddress: { host: '', port: 9323 } }],
    ['--metrics-address [::1]:0', { metricsAddress: { host: '::1', port: 0 } }],
    ['--pprof-address localhost:6060', { pprofAddress: { host: '127.0.0.1', port: 6060 } }],
    ['--pprof-address [::1]:6060', { pprofAddress: { host: '::1', port: 6060 } }],
    ['--pprof-address 127.1.2.3:6060', { pprofAddress: { host: '127.1.2.3', port: 6060 } }],
    ['--config=', {}],
  ])('%s', (args, changed) => {
    expect(settingsOf(...args.split(' '))).toEqual({ ...DEFAULTS, ...changed });
  });

  test.each([
    ['--frobnicate', 'unknown-flag', /--frobnicate/],
    ['--frobnicate=1', 'unknown-flag', /unknown flag --frobnicate;/],
    ['-x', 'unknown-flag', /-x/],
    ['-dl', 'unknown-flag', /-dl/],
    ['--runtimes a', 'unknown-flag', /--runtimes/],
    ['---debug', 'unexpected-argument', /---debug/],
    ['--', 'unexpected-argument', /"--"/],
    ['-', 'unexpected-argument', /"-"/],
    ['daemon', 'unexpected-argument', /"daemon"/],
    ['--debug false', 'unexpected-argument', /"false"/],
    ['--listen', 'missing-value', /--listen needs a value/],
    ['--debug -l', 'missing-value', /-l needs a value/],
    ['--debug=maybe', 'bad-value', /--debug "maybe": expected true or false/],
    ['--help=maybe', 'bad-value', /--help=maybe/],
    ['--log-level loud', 'bad-value', /--log-level "loud": expected one of debug, info/],
    ['--metrics-interval 5', 'bad-value', /--metrics-interval "5": the unit is missing/],
    ['--metrics-interval=-1s', 'bad-value', /--metrics-interval "-1s": .*negative/],
    ['--start-timeout 597h', 'bad-value', /--start-timeout "597h": .*too long/],
    ['--retain-count many', 'bad-value', /--retain-count "many": expected a whole number/],
    ['--retain-count=-1', 'bad-value', /--retain-count "-1"/],
    ['--retain-count 1e3', 'bad-value', /--retain-count "1e3"/],
    ['--listen tcp://0.0.0.0:1234', 'bad-value', /--listen "tcp:\/\/0.0.0.0:1234": only unix:\/\/ .*root/],
    ['--listen 0.0.0.0:1234', 'bad-value', /--listen "0.0.0.0:1234": expected unix:\/\//],
    ['--listen=', 'bad-value', /the path is missing/],
    ['--listen unix://', 'bad-value', /the path is missing/],
    [`--listen unix:///${'a'.repeat(107)}`, 'bad-value', /at most 107 bytes/],
    [`--listen unix://${'a'.repeat(108)}`, 'bad-value', /at most 107 bytes/],
    ['--state-dir=', 'bad-value', /--state-dir "": must not be empty/],
    ['--runtime=', 'bad-value', /--runtime "": must not be empty/],
    ['--on-shim-death=ignore', 'bad-value', /expected one of adopt, kill/],
    ['--graphite-address graphite', 'bad-value', /--graphite-address "graphite": expected host:port/],
    ['--graphite-address :2003', 'bad-value', /expected host:port/],
    ['--metrics-address 127.0.0.1:65536', 'bad-value', /expected host:port/],
    ['--metrics-address ::1:9323', 'bad-value', /expected host:port/],
    ['--pprof-address 0.0.0.0:6060', 'bad-value', /--pprof-address "0.0.0.0:6060": only a loopback/],
    ['--pprof-address :6060', 'bad-value', /only a loopback/],
    ['--pprof-address example.org:6060', 'bad-value', /only a loopback/],
    ['--config /no/such/file', 'config-unreadable', /--config "\/no\/such\/file": no such file/],
  ])('refuses %s', (args, code, message) => {
    const error = errorOf(...args.split(' '));
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
  });

  test.each([
    [['--help'], 'help'],
    [['-h'], 'help'],
    [['--version', '-h'], 'help'],
    [['--version'], 'version'],
    [['-v'], 'version'],
    [['--debug', '--listen', 'tcp://bad', '-v'], 'version'],
  ])('%p', (args, kind) => {
    expect(readCommandLine(args, { defaultConfigFile: configFile }).kind).toBe(kind);
  });

  test('any values come back as they were given', () => {
    const word = fc.string({ minLength: 1 }).filter((text) => !text.includes('\0'));
    const given = fc.record({
      runtime: word,
      runtimeArgs: fc.array(word),
      retainCount: fc.nat(),
      startTimeoutMs: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
      debug: fc.boolean(),
      onShimDeath: fc.constantFrom('adopt' as const, 'kill' as const),
      runtimeCopy: fc.constantFrom(...RUNTIME_COPY),
      joined: fc.boolean(),
    });
    fc.assert(
      fc.property(given, ({ joined, ...settings }) => {
        const flag = (name: string, value: string) => (joined ? [`--${name}=${value}`] : [`--${name}`, value]);
        const read = settingsOf(
          ...flag('runtime', settings.runtime),
          ...settings.runtimeArgs.flatMap((arg) => flag('runtime-args', arg)),
          ...flag('retain-count', String(settings.retainCount)),
          ...flag('start-timeout', `${settings.startTimeoutMs}ms`),
          `--debug=${settings.debug}`,
          ...flag('on-shim-death', settings.onShimDeath),
          ...flag('runtime-copy', settings.runtimeCopy),
        );
        expect(read).toMatchObject(settings);
      }),
    );
  });

  test('whatever the arguments, the answer is settings or one line that says what is wrong', () => {
    const arg = fc.oneof(fc.string(), fc.constantFrom('--debug', '--listen', '-l', '--config=', '--x\n', 'a\nb', '--state-dir'));
    fc.assert(
      fc.property(fc.array(arg), (args) => {
        try {
          readCommandLine(args, { defaultConfigFile: configFile });
        } catch (error) {
          expect(error).toBeInstanceOf(DaemonError);
          expect((error as DaemonError).message).not.toContain('\n');
        }
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('configuration file', () => {
  test('sets everything by the names of the flags; flags win', () => {
    writeFileSync(
      configFile,
      `listen = ["unix:///a.sock", "unix:///b.sock"]
      socket-group = "docker"
      runtime = "crun"
      runtime-args = ["--systemd-cgroup"]
      shim = "/usr/bin/other-shim"
      start-timeout = "1m30s"
      on-shim-death = "kill"
      runtime-copy = "always"
      state-dir = "/var/run/holdfast"
      root = "/srv/holdfast"
      retain-count = 1000
      debug = true
      log-level = "warn"
      metrics-interval = "10s"
      graphite-address = "10.0.0.1:2003"
      metrics-address = "127.0.0.1:9323"
      pprof-address = "127.0.0.1:6060"
      [runtimes]
      docker-runc = "/usr/sbin/runc"
      "a.b" = "crun"
      [mirrors]
      "docker.io" = ["https://mirror.example", "http://localhost:5000"]
      "x.org" = "https://one.example"`,
    );
    const fromFile: Settings = {
      socketPaths: ['/a.sock', '/b.sock'],
      socketGroup: 'docker',
      socketUserId: 0,
      messageLimits: undefined,
      oomScoreAdj: undefined,
      runtime: 'crun',
      runtimeArgs: ['--systemd-cgroup'],
      runtimes: new Map([
        ['docker-runc', '/usr/sbin/runc'],
        ['a.b', 'crun'],
      ]),
      mirrors: new Map([
        ['docker.io', ['https://mirror.example', 'http://localhost:5000']],
        ['x.org', ['https://one.example']],
      ]),
      shim: '/usr/bin/other-shim',
      shimCalledAs: 'holdfast-shim',
      startTimeoutMs: 90_000,
      onShimDeath: 'kill',
      runtimeCopy: 'always',
      programs: '/etc/holdfast/programs',
      stateDir: '/var/run/holdfast',
      root: '/srv/holdfast',
      retainCount: 1000,
      debug: true,
      logLevel: 'warn',
      metricsIntervalMs: 10_000,
      graphiteAddress: { host: '10.0.0.1', port: 2003 },
      metricsAddress: { host: '127.0.0.1', port: 9323 },
      pprofAddress: { host: '127.0.0.1', port: 6060 },
      configFile,
    };
    expect(settingsOf()).toEqual(fromFile);
    expect(settingsOf('--config', configFile)).toEqual(fromFile);
    expect(settingsOf('--runtime', 'runc', '--runtime-args=-x', '-l', 'unix:///c.sock', '--debug=false')).toEqual({
      ...fromFile,
      runtime: 'runc',
      runtimeArgs: ['-x'],
      socketPaths: ['/c.sock'],
      debug: false,
    });
    expect(settingsOf('--config=')).toEqual(DEFAULTS);
  });

  test('an empty file changes nothing, one address needs no array', () => {
    writeFileSync(configFile, '');
    expect(settingsOf()).toEqual({ ...DEFAULTS, configFile });
    writeFileSync(configFile, 'listen = "unix:///a.sock"');
    expect(settingsOf().socketPaths).toEqual(['/a.sock']);
  });

  test.each([
    ['lisen = 1\ndebug = true\n[grpc]\nuid = 0', 'config-invalid', /unknown keys "lisen", "grpc"$/],
    ['help = true', 'config-invalid', /unknown key "help"/],
    ['config = "/x"', 'config-invalid', /unknown key "config"/],
    ['__proto__ = 1', 'config-invalid', /unknown key "__proto__"/],
    ['debug = "yes"', 'config-invalid', /debug must be true or false, not a string/],
    ['retain-count = "500"', 'config-invalid', /retain-count must be a whole number, not a string/],
    ['retain-count = 1.5', 'config-invalid', /retain-count must be a whole number, not number 1.5/],
    ['start-timeout = 30', 'config-invalid', /start-timeout must be a string, not number 30/],
    ['start-timeout = 2026-01-01', 'config-invalid', /not a date/],
    ['runtime = "a\\u0000b"', 'config-invalid', /runtime must be a string, not a string with a NUL/],
    ['runtime-args = [1]', 'config-invalid', /runtime-args must be an array of strings, not an array/],
    ['runtimes = "runc"', 'config-invalid', /runtimes must be a table, not a string/],
    ['mirrors = "a"', 'config-invalid', /mirrors must be a table, not a string/],
    ['[mirrors]\nx = ["http://elsewhere.example"]', 'config-invalid', /mirrors."x" must be an array of addresses/],
    ['[mirrors]\nx = ["https://elsewhere.example/path"]', 'config-invalid', /mirrors."x" must be an array of addresses/],
    ['[mirrors]\nx = ["https://name:word@elsewhere.example"]', 'config-invalid', /mirrors."x" must be an array of addresses/],
    ['[runtimes]\nx = ""', 'config-invalid', /runtimes."x" must be the name or path of a program, not an empty string/],
    ['foo = 1\ndebug = 1', 'config-invalid', /unknown key "foo"; debug must be true or false, not number 1/],
    ['a = \n', 'config-invalid', /config.toml:1:\d+: /],
    ['a = 1\na = 2', 'config-invalid', /config.toml:2:\d+: /],
    ['start-timeout = "30"', 'bad-value', /start-timeout = "30": the unit is missing/],
    ['listen = []', 'bad-value', /listen = : at least one/],
    ['pprof-address = "0.0.0.0:1"', 'bad-value', /only a loopback/],
  ])('refuses %j', (source, code, message) => {
    writeFileSync(configFile, source);
    const error = errorOf();
    expect(error.code).toBe(code);
    expect(error.message).toMatch(message);
    expect(error.message).toContain(configFile);
    expect(error.message).not.toContain('\n');
  });

  test('a mistake shows although a flag hides it', () => {
    writeFileSync(configFile, 'start-timeout = "soon"');
    expect(errorOf('--start-timeout', '1s').message).toContain('start-timeout = "soon"');
  });

  test('one that is there and cannot be read is an error, the default one too', () => {
    expect(errorOf('--config', dir).code).toBe('config-unreadable');
    expect(() => readCommandLine([], { defaultConfigFile: dir })).toThrow(/cannot read the configuration/);
  });
});
