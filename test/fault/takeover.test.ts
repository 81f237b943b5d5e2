import { lstatSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

import { binDirectory } from '../support/daemon-process';
import { EventLogReader, lineOf } from '../support/event-log-reader';
import { FifoReader, FifoWriter, makeFifo } from '../support/fifo';
import { untilGone } from '../support/files';
import { inOtherVersion, otherVersion } from '../support/other-version';
import { OriginalDaemon, originalShim } from '../support/original-daemon';
import { processOf, waitForExit } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { removeSetAside, shimOf, shimsOf } from '../support/shims';
import { TestHost } from '../support/test-host';
import { expectUntouched, expectWorking } from '../support/untouched';

const epoch = { seconds: 0n, nanos: 0 };
const env = ['PATH=/bin'];
const sleeper = { args: ['sleep', '1000'] };
/** Answers each line that it reads; ends with the number in a line `exit <number>`, or with 6 at the input's end. */
const obedient = { args: ['sh', '-c', 'while read word rest; do [ "$word" = exit ] && exit $rest; echo "got $word"; done; exit 6'] };

const programs = [
  ['an original shim', originalShim],
  ['holdfast-shim in the original protocol', resolve(binDirectory, 'holdfast-shim')],
] as const;

describe.each(programs)('--shim: %s', (_name, shim) => {
  describeOnHost('runs each process of a container', realContainers, () => {
    let host: TestHost;
    beforeEach(async () => {
      host = await TestHost.withDaemon({ flags: ['--shim', shim] });
    });
    afterEach(() => host.cleanUp());

    test('from its start to its exact status', async () => {
      const events = await host.events();
      const stdio = host.stdio('box');
      await host.create('box', obedient, stdio.paths);
      expect(shimsOf(host)).toEqual([]);
      await stdio.stdin.write('word\n');
      await stdio.stdout.until('got word\n');
      await host.client.addProcess({ id: 'box', pid: 'seven', args: ['sh', '-c', 'exit 7'], cwd: '/', env });
      await events.untilExit('box', 'seven');
      await host.client.addProcess({ id: 'box', pid: 'killed', ...sleeper, cwd: '/', env });
      await host.client.signal('box', 9, 'killed');
      await events.untilExit('box', 'killed');
      stdio.stdin.close();
      await host.client.updateProcess({ id: 'box', pid: 'init', closeStdin: true });
      await events.untilExit('box');
      await stdio.stdout.untilEnd();
      expect(events.linesOf('box')).toEqual([
        'start-container', 'start-process seven', 'exit seven 7', 'start-process killed', 'exit killed 137', 'exit init 6',
      ]);
      await expectUntouched(host);
    });

    test('and its own live on while the daemon does not', async () => {
      await host.create('lives', sleeper);
      await host.create('ends', sleeper);
      const { systemPid } = await host.initOf('ends');
      await host.stopDaemon('SIGKILL');
      process.kill(systemPid, 'SIGKILL');
      await untilGone(join(host.runtimeRoot, 'ends'));
      await host.startDaemon({ flags: ['--shim', shim] });
      const events = await host.events({ timestamp: epoch });
      await events.untilExit('ends');
      expect((await host.client.state()).containers.map(({ id }) => id)).toEqual(['lives']);
      await host.client.signal('lives', 15);
      await host.client.signal('lives', 9);
      await events.untilExit('lives');
      expect(events.linesOf('ends')).toEqual(['start-container', 'exit init 137']);
      expect(events.linesOf('lives')).toEqual(['start-container', 'exit init 137']);
      await expectUntouched(host);
    });
  });
});

describeOnHost("an original's state directory", realContainers, () => {
  let host: TestHost;
  let original: OriginalDaemon;
  beforeEach(() => {
    host = new TestHost();
    original = new OriginalDaemon(host);
  });
  afterEach(() => host.cleanUp());

  test('is taken over in place, with what runs and what has ended meanwhile', async () => {
    const stdio = host.stdio('runs');
    const pid = await original.create('runs', obedient, stdio.paths);
    const execPid = await original.exec('runs', 'other', ['sleep', '1000']);
    const orders = host.stdio('ended');
    await original.create('ended', obedient, orders.paths);
    original.die();
    await orders.stdin.write('exit 23\n');
    await untilGone(join(host.runtimeRoot, 'ended'));
    await host.startDaemon();
    const events = await host.events({ timestamp: epoch });
    expect((await events.untilExit('ended')).status).toBe(23);
    const { containers } = await host.client.state();
    expect(containers.map(({ id, status, labels }) => ({ id, status, labels }))).toEqual([{ id: 'runs', status: 'running', labels: [] }]);
    const seen = containers[0]?.processes.map((one) => [one.pid, one.systemPid]).sort();
    expect(seen).toEqual([['init', pid], ['other', execPid]]);
    await stdio.stdin.write('word\n');
    await stdio.stdout.until('got word\n');
    await host.client.addProcess({ id: 'runs', pid: 'new', args: ['sh', '-c', 'exit 8'], cwd: '/', env });
    expect((await events.untilExit('runs', 'new')).status).toBe(8);
    process.kill(execPid, 'SIGTERM');
    expect((await events.untilExit('runs', 'other')).status).toBe(143);
    stdio.stdin.close();
    await host.client.updateProcess({ id: 'runs', pid: 'init', closeStdin: true });
    expect((await events.untilExit('runs')).status).toBe(6);
    expect(events.linesOf('ended')).toEqual(['exit init 23']);
    await expectUntouched(host);
    await expectWorking(host, 'runs');
  });

  test('may hold an exec that was hardly begun', async () => {
    await original.create('box', sleeper);
    mkdirSync(join(host.stateDir, 'box', 'bare'));
    mkdirSync(join(host.stateDir, 'box', 'half'));
    for (const fifo of ['exit', 'control']) makeFifo(join(host.stateDir, 'box', 'half', fifo));
    original.die();
    await host.startDaemon();
    expect((await host.client.state('box')).containers[0]?.processes.map((one) => one.pid)).toEqual(['init']);
    expect(readdirSync(join(host.stateDir, 'box')).sort()).toEqual(['init', 'state.json']);
    // Nobody knows whether a process was made there: what is left of it is kept for a person to see.
    expect(removeSetAside(host)).toEqual(['box-half']);
    await host.end();
    await expectUntouched(host);
  });

  test('has its journal imported once', async () => {
    const line = (rest: object): string => JSON.stringify({ id: 'old', timestamp: '2017-11-20T10:15:30.123456789Z', ...rest });
    const exit = line({ type: 'exit', timestamp: '2017-11-20T10:15:31.5Z', pid: 'init', status: 3 });
    writeFileSync(join(host.stateDir, 'events.log'), `${line({ type: 'start-container' })}\n${'\0'.repeat(512)}\n${exit}\n`);
    for (let starts = 0; starts < 3; starts += 1) {
      await host.startDaemon();
      const stored = await EventLogReader.stored(host.client, epoch, 'old');
      expect(stored.map(lineOf)).toEqual(['start-container', 'exit init 3']);
      if (starts < 2) await host.stopDaemon(starts === 0 ? 'SIGTERM' : 'SIGKILL');
    }
  });
});

describeOnHost('our state directory', realContainers, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = await TestHost.withDaemon();
  });
  afterEach(() => host.cleanUp());

  test("is one that an original can take over: its files, and its shim's protocol", async () => {
    const stdio = host.stdio('box');
    await host.create('box', obedient, stdio.paths);
    await host.client.addProcess({ id: 'box', pid: 'other', ...sleeper, cwd: '/', env });
    const { systemPid } = await host.initOf('box');
    await host.stopDaemon('SIGKILL');

    const container = join(host.stateDir, 'box');
    const init = join(container, 'init');
    const runtimeArgs = ['--root', host.runtimeRoot];
    expect(Object.entries(readJson(join(container, 'state.json')))).toEqual([
      ['bundle', join(host.directory, 'bundles', 'box')], ['labels', null], ['stdin', ''], ['stdout', ''], ['stderr', ''],
      ['runtime', 'runc'], ['runtimeArgs', runtimeArgs], ['shim', 'containerd-shim'], ['noPivotRoot', false],
    ]);
    expect(readJson(join(init, 'process.json'))).toMatchObject({
      args: obedient.args, cwd: '/', exec: false, containerdStdin: stdio.paths.stdin, containerdStdout: stdio.paths.stdout,
      containerdStderr: stdio.paths.stderr, runtimeArgs, noPivotRoot: false, checkpoint: '', rootUID: 0, rootGID: 0,
    });
    expect(readJson(join(container, 'other', 'process.json'))).toMatchObject({ args: sleeper.args, exec: true, containerdStdin: '' });
    expect(readFileSync(join(init, 'pid'), 'utf8')).toBe(String(systemPid));
    expect(readFileSync(join(init, 'starttime'), 'utf8')).toBe(processOf(systemPid)?.starttime);
    expect(directoriesIn(host.stateDir)).toEqual(['box']);
    expect(directoriesIn(container)).toEqual(['init', 'other']);
    for (const name of ['init', 'other']) {
      expect(directoriesIn(join(container, name))).toEqual([]);
      for (const fifo of ['exit', 'control']) expect(lstatSync(join(container, name, fifo)).isFIFO()).toBe(true);
    }

    const exit = new FifoReader(join(init, 'exit'));
    host.closeAtEnd(() => { exit.close(); });
    const control = new FifoWriter(join(init, 'control'));
    stdio.close();
    await control.write('0 0 0\n');
    await exit.untilEnd();
    control.close();
    expect(readFileSync(join(init, 'exitStatus'), 'utf8')).toBe('6');
    // An original that has seen both ends removes what it has dealt with.
    rmSync(container, { recursive: true });
    await host.startDaemon();
    await expectUntouched(host);
  });

  // One of an older version is upgraded in place: shim-upgrade.test.ts.
  test('a shim of a newer version goes on serving its own beside one of this version', async () => {
    const { program, version } = otherVersion(host, undefined, '9.9.9-other');
    await host.restartDaemon('SIGTERM', { program, env: inOtherVersion });
    await untilNoShimBut(version);
    await host.create('old', sleeper);
    const before = (await host.client.state('old')).containers;
    await host.restartDaemon();
    const events = await host.events();
    expect((await host.client.state('old')).containers).toEqual(before);
    await host.create('new', sleeper);
    expect(shimsOf(host).map((seen) => seen.commandLine.includes(`--name ${version}-`)).sort()).toEqual([false, true]);
    await host.client.addProcess({ id: 'old', pid: 'late', args: ['sh', '-c', 'exit 4'], cwd: '/', env });
    expect((await events.untilExit('old', 'late')).status).toBe(4);
    const oldShim = shimsOf(host).find((seen) => seen.commandLine.includes(`--name ${version}-`));
    await host.client.signal('old', 9);
    expect((await events.untilExit('old')).status).toBe(137);
    expect(shimsOf(host).length).toBeGreaterThan(0);
    await host.end(['new']);
    await host.stopDaemon();
    await waitForExit(oldShim?.pid ?? 0);
    await host.startDaemon();
    await expectUntouched(host);
  });

  /** The shim of before, which has nothing, ends once its daemon has gone. */
  async function untilNoShimBut(version: string): Promise<void> {
    const others = shimsOf(host).filter((seen) => !seen.commandLine.includes(`--name ${version}-`));
    expect(others.length).toBeLessThanOrEqual(1);
    for (const other of others) await waitForExit(other.pid);
    await host.create('first', { args: ['true'] });
    expect(shimOf(host).commandLine).toContain(`--name ${version}-`);
  }
});

function readJson(path: string): object {
  return JSON.parse(readFileSync(path, 'utf8')) as object;
}

function directoriesIn(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true }).filter((entry) => entry.isDirectory()).map(({ name }) => name).sort();
}
