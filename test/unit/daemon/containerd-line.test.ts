import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import fc from 'fast-check';

import { readCommandLine } from '../../../src/daemon/command-line';
import { parseContainerdConfig } from '../../../src/daemon/containerd/config-file';
import { DaemonError } from '../../../src/daemon/errors';
import type { Settings } from '../../../src/daemon/settings';

let dir: string;
let configFile: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'holdfast-config-'));
  configFile = join(dir, 'config.toml');
});
afterEach(() => rmSync(dir, { recursive: true }));

const read = (...args: readonly string[]) => readCommandLine(args, { calledAs: 'containerd', defaultConfigFile: configFile });

function runOf(...args: readonly string[]): { readonly settings: Settings; readonly warnings: readonly string[] } {
  const invocation = read(...args);
  if (invocation.kind !== 'run') throw new Error(`expected to run, not ${invocation.kind}`);
  return invocation;
}

function printed(...args: readonly string[]): string {
  const invocation = read(...args);
  if (invocation.kind !== 'print') throw new Error(`expected to print, not ${invocation.kind}`);
  return invocation.text;
}

function errorOf(...args: readonly string[]): DaemonError {
  try {
    read(...args);
  } catch (error) {
    if (error instanceof DaemonError) return error;
    throw error;
  }
  throw new Error('expected an error');
}

describe('called as containerd', () => {
  test('has its defaults', () => {
    expect(runOf()).toMatchObject({
      settings: { root: '/var/lib/containerd', stateDir: '/run/containerd', socketPaths: ['/run/containerd/containerd.sock'], shimCalledAs: 'containerd-shim' },
      warnings: [],
    });
  });

  test.each<[string, Partial<Settings>]>([
    ['-a /run/a.sock -l debug --root /r --state /s', { socketPaths: ['/run/a.sock'], logLevel: 'debug', root: '/r', stateDir: '/s' }],
    ['--address=/run/a.sock --log-level=warn', { socketPaths: ['/run/a.sock'], logLevel: 'warn' }],
    ['--listen unix:///old.sock --listen /older.sock', { socketPaths: ['/run/containerd/containerd.sock', '/old.sock', '/older.sock'] }],
    ['-a /a.sock --listen /old.sock --retain-count 7', { socketPaths: ['/a.sock', '/old.sock'], retainCount: 7 }],
  ])('%s', (args, expected) => {
    expect(runOf(...args.split(' ')).settings).toMatchObject(expected);
  });

  test('takes what dockerd 20.10 starts it with, and has nothing to say against it', () => {
    const file = join(__dirname, '../../fixtures/dockerd-20.10-containerd.toml');
    const { settings, warnings } = runOf('--config', file, '--log-level', 'info');
    expect(warnings).toEqual([]);
    expect(settings).toMatchObject({
      root: '/tmp/dd/daemon', stateDir: '/tmp/dd/state', socketPaths: ['/tmp/dd/containerd.sock'], logLevel: 'info', socketUserId: 0, socketGroup: undefined,
      messageLimits: { receive: 16_777_216, send: 16_777_216 }, oomScoreAdj: undefined, runtime: 'runc', metricsAddress: undefined, configFile: file,
    });
  });

  test.each([2, 3])('takes a file of version %d', (version) => {
    writeFileSync(configFile, `version = ${String(version)}
      root = "/r"
      state = "/s"
      oom_score = -500
      disabled_plugins = ["io.containerd.grpc.v1.cri"]
      required_plugins = ["io.containerd.grpc.v1.tasks"]
      [grpc]
      address = "/g.sock"
      uid = 5
      gid = 6
      max_recv_message_size = 1000
      [debug]
      level = "trace"
      [metrics]
      address = "127.0.0.1:1338"
      [timeouts]
      "io.containerd.timeout.shim.load" = "5s"
      [plugins."io.containerd.grpc.v1.cri"]
      sandbox_image = "pause"
      [plugins.holdfast]
      listen = ["/old.sock"]
      on-shim-death = "kill"
      [plugins.holdfast.runtimes]
      docker-runc = "/usr/sbin/runc"`);
    const { settings, warnings } = runOf('--root', '/other');
    expect(warnings).toEqual([]);
    expect(settings).toMatchObject({
      root: '/other', stateDir: '/s', oomScoreAdj: -500, socketPaths: ['/g.sock', '/old.sock'], socketUserId: 5, socketGroup: '6',
      messageLimits: { receive: 1000, send: 16_777_216 }, logLevel: 'debug', metricsAddress: { host: '127.0.0.1', port: 1338 },
      onShimDeath: 'kill', runtimes: new Map([['docker-runc', '/usr/sbin/runc']]),
    });
  });

  test('names what it has no use for, in one line', () => {
    writeFileSync(configFile, `version = 2
      surprise = 1
      plugin_dir = "/p"
      [grpc]
      colour = "red"
      [ttrpc]
      address = "/t.sock"
      [cgroup]
      path = "/containerd"
      [proxy_plugins.zfs]
      type = "snapshot"
      [plugins."io.containerd.internal.v1.opt"]
      path = "/opt"`);
    expect(runOf().warnings).toEqual([
      `${configFile}: of no use here: plugin_dir, ttrpc.address, cgroup.path, proxy_plugins.zfs, surprise, plugins."io.containerd.internal.v1.opt", grpc.colour`,
    ]);
  });

  test.each([
    ['version = 4', /version: 4 is not known/],
    ['required_plugins = ["io.containerd.grpc.v1.cri"]', /required_plugins: "io.containerd.grpc.v1.cri" are not here/],
    ['disabled_plugins = ["io.containerd.grpc.v1.tasks"]', /disabled_plugins: "io.containerd.grpc.v1.tasks" cannot be switched off/],
    ['imports = ["/etc/containerd/more/*.toml"]', /imports: other files are not read/],
    ['[grpc]\ntcp_address = "0.0.0.0:1234"', /grpc.tcp_address: .*unix sockets only/],
    ['[plugins."io.containerd.service.v1.tasks-service"]\nblockio_config_file = "/b"', /blockio_config_file would limit/],
  ])('refuses what would be dangerous to pass over: %s', (source, message) => {
    writeFileSync(configFile, source);
    expect(errorOf()).toMatchObject({ code: 'config-refused', message: expect.stringMatching(message) as string });
    expect(errorOf().message.startsWith(`${configFile}: `)).toBe(true);
  });

  test.each([
    ['root = 3', 'config-invalid', /root must be a string, not number 3/],
    ['[grpc]\nuid = -1', 'config-invalid', /grpc.uid must be the number of a user/],
    ['grpc = 1', 'config-invalid', /grpc must be a table/],
    ['oom_score = 2000', 'config-invalid', /oom_score must be from/],
    ['[plugins.holdfast]\nretain_count = 1', 'config-invalid', /plugins.holdfast: unknown key "retain_count"/],
    ['[debug]\nlevel = "loud"', 'bad-value', /debug.level = "loud"/],
    ['[metrics]\naddress = "here"', 'bad-value', /metrics.address = "here"/],
    ['root = ', 'config-invalid', /config.toml:1:/],
  ])('%j is an error', (source, code, message) => {
    writeFileSync(configFile, source);
    expect(errorOf()).toMatchObject({ code, message: expect.stringMatching(message) as string });
  });

  test.each([
    [['--tcp', 'x'], 'unknown-flag'],
    [['serve'], 'unexpected-argument'],
    [['config', 'migrate'], 'unexpected-argument'],
    [['--config', '/no/such/file'], 'config-unreadable'],
    [['--address'], 'missing-value'],
  ])('%p is refused', (args, code) => {
    expect(errorOf(...args).code).toBe(code);
  });

  test('prints its version where scripts look for it, and its help', () => {
    expect(printed('--version').split(' ')[2]).toBe('1.6.20');
    expect(printed('-v')).toBe(printed('--version'));
    for (const flag of ['--config', '--address', '--root', '--state', '--log-level']) expect(printed('-h')).toContain(flag);
  });

  test('prints the defaults, and what counts, as a file that it takes again', () => {
    writeFileSync(configFile, printed('config', 'default'));
    expect(runOf()).toMatchObject({ warnings: [], settings: { ...runOf('--config=').settings, messageLimits: { receive: 16_777_216, send: 16_777_216 }, configFile } });
    expect(printed('config', 'dump')).toBe(readFileSync(configFile, 'utf8'));
    const dump = printed('-a', '/a.sock', '--listen', '/b.sock', '--root', '/r', 'config', 'dump');
    writeFileSync(configFile, dump);
    expect(runOf().settings).toMatchObject({ socketPaths: ['/a.sock', '/b.sock'], root: '/r' });
    expect(printed('config', 'dump')).toBe(dump);
  });

  test('whatever a file holds, it is taken or refused in one line', () => {
    const value: fc.Arbitrary<string> = fc.oneof(fc.constantFrom('1', '"x"', 'true', '[]', '["a"]', '{ a = 1 }', '-5', '1.5', '""'));
    const key = fc.constantFrom('version', 'root', 'state', 'grpc', 'debug', 'metrics', 'ttrpc', 'plugins', 'timeouts', 'imports', 'disabled_plugins', 'grpc.uid', 'plugins.holdfast', 'plugins.linux', 'oom_score', 'x');
    fc.assert(
      fc.property(fc.array(fc.tuple(key, value)), (pairs) => {
        try {
          parseContainerdConfig('f', pairs.map(([name, text]) => `${name} = ${text}`).join('\n'));
        } catch (error) {
          expect(error).toBeInstanceOf(DaemonError);
          expect((error as DaemonError).message).not.toContain('\n');
        }
      }),
    );
  });
});
