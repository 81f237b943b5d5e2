import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { ApiClient } from '../../support/api-client';
import { EventLogReader } from '../../support/event-log-reader';
import { failureOf } from '../../support/failure';
import { logLines } from '../../support/log-lines';
import { processesNaming } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';

const program = resolve(__dirname, '../../../bin/holdfastd');
const printed = (flag: string) => execFileSync(program, [flag], { encoding: 'utf8' });

/** Every flag there is to be: the original's, and ours. */
const flags = [
  'debug', 'log-level', 'state-dir', 'metrics-interval', 'listen', 'runtime', 'runtime-args', 'shim', 'pprof-address',
  'start-timeout', 'retain-count', 'graphite-address', 'version', 'help',
  'config', 'root', 'metrics-address', 'socket-group', 'on-shim-death', 'runtime-copy',
];

describeOnHost("the daemon's command line", realContainers, () => {
  let host: TestHost;
  beforeEach(() => {
    host = new TestHost();
  });
  afterEach(() => host.cleanUp());

  test('has a help with every flag, in groups', () => {
    const help = printed('--help');
    for (const flag of flags) expect(help).toMatch(new RegExp(`--${flag}\\b`));
    for (const group of ['API', 'Containers', 'State', 'Logs and figures']) expect(help).toMatch(new RegExp(`^${group}:?$`, 'm'));
    expect(printed('-h')).toBe(help);
  });

  test('says which version it is, as dockerd looks for it', () => {
    expect(printed('--version')).toMatch(/^holdfastd version \d+\.\d+\.\d+ \(containerd 0\.2\.\d+ API\)\n$/);
  });

  test.each<[string, readonly string[], string]>([
    ['an unknown flag', ['--no-such-flag'], 'unknown flag --no-such-flag; see --help'],
    ['an argument', ['run'], 'unexpected argument "run"; see --help'],
    ['a flag without its value', ['--state-dir'], '--state-dir needs a value; see --help'],
    ['a bad duration', ['--start-timeout', '2 minutes'], '--start-timeout'],
    ['a bad level', ['--log-level=loud'], '--log-level'],
    ['a bad number', ['--retain-count=-1'], '--retain-count'],
    ['an address that is no unix socket', ['--listen=tcp://127.0.0.1:1'], 'only unix:// is served'],
    ['a profiler for the whole network', ['--pprof-address=0.0.0.0:6060'], 'only a loopback address'],
    ['an unknown action', ['--on-shim-death=restart'], '--on-shim-death'],
    ['an unknown word', ['--runtime-copy=sometimes'], '--runtime-copy'],
    ['an unknown group', ['--socket-group=no-such-group'], 'no-such-group'],
    ['a configuration that is not there', ['--config=/nonexistent.toml'], '/nonexistent.toml'],
  ])('is refused with one clear line: %s', async (_what, args, text) => {
    const exit = await host.runDaemonToItsEnd({ flags: args });
    const lines = exit.log.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    expect(lines).toEqual([expect.stringContaining(text)]);
    expect(lines[0]).toMatch(/^holdfastd: /);
    expect(exit.code).toBe(1);
    expect(existsSync(host.socketPath)).toBe(false);
  });

  test('may come with a configuration file; flags win', async () => {
    const config = host.own('config.toml');
    const log = host.own('runtime.log');
    const wrapper = host.own('wrapper');
    writeFileSync(wrapper, `#!/bin/sh\necho "$*" >> '${log}'\nexec runc "$@"\n`, { mode: 0o755 });
    const text = `log-level = "debug"\nretain-count = 3\nruntime = "no-such-runtime"\n[runtimes]\nmine = "${wrapper}"\n`;
    writeFileSync(config, text);
    await host.startDaemon({ flags: ['--config', config] });
    expect(logLines(host).some((line) => line.level === 'debug')).toBe(true);
    const events = await host.events();
    await host.create('one', { args: ['true'] }, { runtime: 'mine', runtimeArgs: ['--root', host.runtimeRoot] });
    await events.untilExit('one');
    expect(readFileSync(log, 'utf8')).toMatch(/ create /);
    // The flag names runc.
    await host.create('two', { args: ['true'] });
    await events.untilExit('two');
    await host.stopDaemon();
    await host.startDaemon({ flags: ['--config', config, '--log-level=error'] });
    expect(logLines(host)).toEqual([]);
  });

  test('refuses a configuration with keys that it does not know, by name', async () => {
    const config = host.own('config.toml');
    writeFileSync(config, 'debug = true\nretain_count = 5\n"state dir" = "/tmp"\n');
    const exit = await host.runDaemonToItsEnd({ flags: ['--config', config] });
    expect(exit.code).toBe(1);
    expect(exit.log).toBe(`holdfastd: ${config}: unknown keys "retain_count", "state dir"\n`);
  });

  test('--listen several times: all are served, and gone at the end', async () => {
    const second = host.own('second.sock');
    await host.startDaemon({ flags: ['-l', `unix://${second}`] });
    const client = new ApiClient(second);
    try {
      expect(await client.isServing()).toBe(true);
      expect(await host.client.isServing()).toBe(true);
    } finally {
      client.close();
    }
    await host.stopDaemon('SIGINT');
    expect([second, host.socketPath].filter((path) => existsSync(path))).toEqual([]);
  });

  test('--socket-group: its members may connect; without it only root', async () => {
    await host.startDaemon();
    expect(statSync(host.socketPath)).toMatchObject({ uid: 0, gid: 0 });
    expect(statSync(host.socketPath).mode & 0o777).toBe(0o600);
    await host.restartDaemon('SIGTERM', { flags: ['--socket-group=daemon'] });
    const gid = Number(/^daemon:[^:]*:(\d+):/m.exec(readFileSync('/etc/group', 'utf8'))?.[1]);
    expect(statSync(host.socketPath)).toMatchObject({ uid: 0, gid });
    expect(statSync(host.socketPath).mode & 0o777).toBe(0o660);
  });

  test('--retain-count: so many past events are kept, or a few more', async () => {
    await host.startDaemon({ flags: ['--retain-count=10'] });
    const events = await host.events();
    const rounds = 50;
    for (let round = 0; round < rounds; round += 1) {
      const id = `round${String(round)}`;
      await host.create(id, { args: ['true'] });
      await events.untilExit(id);
    }
    const kept = await EventLogReader.stored(host.client, { seconds: 0n, nanos: 0 });
    expect(kept.length).toBeGreaterThanOrEqual(10);
    expect(kept.length).toBeLessThan(2 * rounds);
    expect(kept.at(-1)).toMatchObject({ id: `round${String(rounds - 1)}`, type: 'exit' });
  });

  test('--on-shim-death=kill: a container dies with its shim', async () => {
    await host.startDaemon({ flags: ['--on-shim-death=kill'] });
    const events = await host.events();
    await host.create('box', { args: ['sleep', '1000'] });
    const [shim] = processesNaming(`holdfast-shim --serve ${host.stateDir}`);
    process.kill(shim?.pid ?? 0, 'SIGKILL');
    expect((await events.untilExit('box')).status).toBe(137);
  });

  test('--runtime: a name that no program has is an error of the request, not of the daemon', async () => {
    await host.startDaemon({ flags: ['-r', 'no-such-runtime'] });
    const error = await failureOf(host.create('box', { args: ['true'] }));
    expect(error.details).toBe('no-such-runtime not installed on system');
  });
});
