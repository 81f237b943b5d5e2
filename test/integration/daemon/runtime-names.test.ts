import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';

import { failureOf } from '../../support/failure';
import { describeOnHost, realContainers } from '../../support/requires';
import { writeRuntimeInRoot } from '../../support/runtime-in-root';
import { TestHost } from '../../support/test-host';
import { expectUntouched, expectWorking } from '../../support/untouched';

describeOnHost('the name of a runtime', realContainers, () => {
  let host: TestHost;
  beforeEach(() => {
    host = new TestHost();
    mkdirSync(host.own('path'));
  });
  afterEach(async () => {
    await expectUntouched(host);
    await host.cleanUp();
  });

  /** A runtime that notes that it was called, by which name, and does what runc does. */
  function noting(path: string): string {
    writeRuntimeInRoot(host, path);
    const script = readFileSync(host.own(path), 'utf8');
    writeFileSync(host.own(path), script.replace('\n', `\necho "$0" >> '${host.own('called')}'\n`));
    return host.own(path);
  }
  const calls = (): string[] => [...new Set(readFileSync(host.own('called'), 'utf8').trim().split('\n'))];
  const inPath = { PATH: '' };
  beforeEach(() => {
    inPath.PATH = `${host.own('path')}:${process.env['PATH'] ?? ''}`;
  });

  async function runWith(runtime: string): Promise<number> {
    const events = await host.events();
    await host.create('x', { args: ['sh', '-c', 'exit 9'] }, { runtime });
    const { status } = await events.untilExit('x');
    events.close();
    return status;
  }

  function configure(table: Readonly<Record<string, string>>): string[] {
    const lines = Object.entries(table).map(([name, program]) => `${name} = ${JSON.stringify(program)}`);
    writeFileSync(host.own('config.toml'), ['[runtimes]', ...lines, ''].join('\n'));
    return ['--config', host.own('config.toml')];
  }

  test('docker-runc is the program of that name, where PATH has one', async () => {
    noting('path/docker-runc');
    noting('path/runc-of-the-path');
    await host.startDaemon({ env: inPath });
    expect(await runWith('docker-runc')).toBe(9);
    expect(calls()).toEqual([host.own('path/docker-runc')]);
  });

  test('docker-runc is runc where PATH has none', async () => {
    noting('runtime');
    symlinkSync(host.own('runtime'), host.own('path/runc'));
    // The script's own runc must be the real one.
    const script = readFileSync(host.own('runtime'), 'utf8');
    writeFileSync(host.own('runtime'), script.replace('exec runc', `PATH='${process.env['PATH'] ?? ''}' exec runc`));
    await host.startDaemon({ env: inPath });
    expect(await runWith('docker-runc')).toBe(9);
    expect(calls()).toEqual([host.own('path/runc')]);
  });

  test('the configuration maps a name to a program, before PATH is looked at', async () => {
    noting('path/docker-runc');
    await host.startDaemon({ env: inPath, flags: configure({ 'docker-runc': noting('mapped'), other: noting('another') }) });
    expect(await runWith('docker-runc')).toBe(9);
    expect(calls()).toEqual([host.own('mapped')]);
    expect(await runWith('other')).toBe(9);
    expect(calls()).toEqual([host.own('mapped'), host.own('another')]);
  });

  test('a container keeps the name that its client gave, over a restart as well', async () => {
    await host.startDaemon({ flags: configure({ 'docker-runc': noting('mapped') }) });
    await host.create('x', { args: ['sleep', '1000'] }, { runtime: 'docker-runc' });
    expect((await host.client.state('x')).containers[0]?.runtime).toBe('docker-runc');
    await host.restartDaemon('SIGKILL', { flags: configure({ 'docker-runc': noting('mapped') }) });
    expect((await host.client.state('x')).containers[0]?.runtime).toBe('docker-runc');
    await host.end();
  });

  test.each([
    ['is on no path', 'docker-crun'],
    ['is an absolute path to nothing', '/nonexistent/runc'],
    ['is mapped to nothing', 'mapped-to-nothing'],
  ])('one that %s is an error in the words of the contract', async (_title, runtime) => {
    await host.startDaemon({ flags: configure({ 'mapped-to-nothing': '/nonexistent/runc' }) });
    const error = await failureOf(runWith(runtime));
    expect(error).toMatchObject({ code: 2, details: `${runtime} not installed on system` });
    await expectWorking(host);
  });

  test('docker-runc that is nowhere, nor runc: an error as well, and a runtime that comes later is found', async () => {
    // What the daemon is started with: node, and nothing else.
    symlinkSync(process.execPath, host.own('path/node'));
    await host.startDaemon({ env: { PATH: host.own('path') } });
    expect((await failureOf(runWith('docker-runc'))).details).toBe('docker-runc not installed on system');
    writeRuntimeInRoot(host, 'path/docker-runc');
    const script = readFileSync(host.own('path/docker-runc'), 'utf8');
    writeFileSync(host.own('path/docker-runc'), script.replace('exec runc', `PATH='${process.env['PATH'] ?? ''}' exec runc`));
    expect(await runWith('docker-runc')).toBe(9);
  });
});
