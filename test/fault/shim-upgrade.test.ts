import { readFileSync, writeFileSync } from 'node:fs';
import { setImmediate as turn } from 'node:timers/promises';

import { readProcStat } from '../../src/sys/process/process';
import { ClientStdio } from '../support/client-stdio';
import { writeFakeRuntime } from '../support/fake-runtime';
import { FifoWriter } from '../support/fifo';
import { untilExists } from '../support/files';
import { untilLogged } from '../support/log-lines';
import { inOtherVersion, otherVersion } from '../support/other-version';
import { type SeenProcess, processOf, processesNaming, waitForExit } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { killShims, shimOf, shimsOf } from '../support/shims';
import { upgradeShim, upgradeShims } from '../support/upgrade-shims';
import { TestHost } from '../support/test-host';
import { expectUntouched, expectWorking } from '../support/untouched';

const epoch = { seconds: 0n, nanos: 0 };
const env = ['PATH=/bin'];
const obedient = ['sh', '-c', 'while read word rest; do [ "$word" = exit ] && exit $rest; echo "got $word"; done'];
const quietTerminal = [...obedient.slice(0, 2), `stty -echo; echo ready; ${obedient[2] ?? ''}`];
/** Kernels before Linux 6.15: the exit status of a process is told to its parent alone. */
const olderKernel = 'kernel.exit-info=EIO,kernel.pidfd-hang-up=EIO';
/** Long enough for nothing to be given up in a test, and short enough for what is tried again. */
const watchdog = { HOLDFAST_SHIM_WATCHDOG: '1000,2000' };

/** A client's ends that stay open whatever dies, as those of a client that lives on do. */
function held(host: TestHost, name: string, terminal = false): ClientStdio {
  const stdio = new ClientStdio(`${host.directory}/stdio/${name}`, terminal).open();
  clients.push(stdio);
  return stdio;
}

/** Resolves when the program that a shim is to become has been asked, as its child, whether it understands, and has answered. */
async function rehearsalOf(shim: SeenProcess): Promise<void> {
  for (;;) {
    const rehearsal = processesNaming(' --rehearse').find(({ pid }) => readProcStat(pid)?.parentPid === shim.pid);
    if (rehearsal !== undefined) return waitForExit(rehearsal.pid);
    await turn();
  }
}

const clients: ClientStdio[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

describeOnHost('a shim of an older version', realContainers, () => {
  let host: TestHost;
  beforeEach(async () => {
    host = new TestHost();
    const { program } = otherVersion(host);
    await host.startDaemon({ program, env: { ...inOtherVersion, ...watchdog } });
  });
  afterEach(() => host.cleanUp());

  const ours = async (faults = olderKernel): Promise<void> => {
    await host.stopDaemon('SIGKILL');
    // The shim, which an upgrade leaves in its environment, resolves its packages by it.
    await host.startDaemon({ env: { ...watchdog, HOLDFAST_FAULTS: faults } });
  };
  const upgraded = () => untilLogged(host, ({ msg }) => msg === 'a shim was upgraded in place', 'the upgrade');
  const exec = (id: string, pid: string, args: readonly string[], more = {}) =>
    host.client.addProcess({ id, pid, args: [...args], env, cwd: '/', ...more });

  test('goes on as ours, in the same process and with all that it has', async () => {
    const [box, run, tty, shell] = [held(host, 'box'), held(host, 'run'), held(host, 'tty', true), held(host, 'shell', true)];
    await host.create('box', { args: obedient }, box.paths);
    await exec('box', 'run', obedient, run.paths);
    await host.create('tty', { args: quietTerminal, terminal: true }, tty.paths);
    await exec('tty', 'shell', quietTerminal, { terminal: true, ...shell.paths });
    await host.create('shared', { args: ['sleep', '1000'], pidNamespace: false });
    // The stty of each is one of the container's processes for as long as it runs.
    for (const { stdout } of [tty, shell]) await stdout.until('ready\r\n');
    const shim = shimOf(host);
    const seen = async () => (await host.client.state()).containers.sort((one, other) => one.id.localeCompare(other.id));
    const before = await seen();
    await ours();
    await upgraded();
    expect(shimOf(host)).toMatchObject({ pid: shim.pid, starttime: shim.starttime });
    expect(shimOf(host).commandLine).toContain(' --take-up ');
    expect(await seen()).toEqual(before);
    const events = await host.events({ timestamp: epoch });
    for (const { stdin, stdout } of [box, run, tty, shell]) {
      await stdin.write('hello\n');
      await stdout.until('got hello');
    }
    await run.stdin.write('exit 3\n');
    expect((await events.untilExit('box', 'run')).status).toBe(3);
    await exec('box', 'new', ['sh', '-c', 'exit 4']);
    expect((await events.untilExit('box', 'new')).status).toBe(4);
    await shell.stdin.write('exit 5\n');
    expect((await events.untilExit('tty', 'shell')).status).toBe(5);
    await host.client.updateProcess({ id: 'tty', pid: 'init', width: 101, height: 41 });
    await tty.stdin.write('exit 6\n');
    expect((await events.untilExit('tty')).status).toBe(6);
    box.stdin.close();
    await host.client.updateProcess({ id: 'box', pid: 'init', closeStdin: true });
    // read(1) fails at the end of its input, and the shell ends with the status of its last command.
    expect((await events.untilExit('box')).status).toBe(0);
    await host.client.signal('shared', 9);
    expect((await events.untilExit('shared')).status).toBe(137);
    expect(shimOf(host).pid).toBe(shim.pid);
    await expectUntouched(host);
    await expectWorking(host);
  });

  test('loses and doubles no byte of a busy terminal, of output that nobody has read yet, nor of what an ended process has left', async () => {
    const lines = 60_000;
    const counter = ['seq', '-w', '1000001', String(1000000 + lines)];
    const counted = Array.from({ length: lines }, (_, index) => String(1000001 + index));
    const [tty, plain, last, lastTty] = [held(host, 'tty', true), held(host, 'plain'), held(host, 'last'), held(host, 'lastTty', true)];
    for (const { stdout } of [tty, plain, last, lastTty]) stdout.pause();
    const short = ['sh', '-c', 'echo last words; exit 7'];
    await host.create('last', { args: short }, last.paths);
    await host.create('lastTty', { args: short, terminal: true }, lastTty.paths);
    const events = await host.events({ timestamp: epoch });
    for (const id of ['last', 'lastTty']) expect((await events.untilExit(id)).status).toBe(7);
    await host.create('tty', { args: counter, terminal: true }, tty.paths);
    await host.create('plain', { args: counter }, plain.paths);
    const file = host.own('file');
    writeFileSync(file, '');
    // Slowly enough for some of it to come before, while and after.
    const slow = ['sh', '-c', `for part in 0 1 2 3 4 5; do seq -w 1\${part}00001 1\${part}10000; sleep 0.2; done`];
    await host.create('file', { args: slow }, { stdout: file });
    await ours();
    await upgraded();
    for (const { stdout } of [tty, plain, last, lastTty]) stdout.resume();
    const again = await host.events({ timestamp: epoch });
    for (const id of ['tty', 'plain']) expect((await again.untilExit(id)).status).toBe(0);
    expect((await tty.stdout.untilEnd()).split('\r\n')).toEqual([...counted, '']);
    expect((await plain.stdout.untilEnd()).split('\n')).toEqual([...counted, '']);
    expect((await again.untilExit('file')).status).toBe(0);
    const parts = Array.from({ length: 6 }, (_part, part) => Array.from({ length: 10_000 }, (_line, line) => `1${String(part)}${String(line + 1).padStart(5, '0')}\n`));
    expect(readFileSync(file, 'utf8')).toBe(parts.flat().join(''));
    expect(await last.stdout.untilEnd()).toBe('last words\n');
    expect(await lastTty.stdout.untilEnd()).toBe('last words\r\n');
    await host.end();
  });

  test('may do so again and again, while a terminal is busy and containers come and go', async () => {
    await host.create('stays', { args: ['sleep', '1000'] });
    await ours();
    await upgraded();
    const shim = shimOf(host);
    const lines = 200_000;
    const tty = held(host, 'tty', true);
    await host.create('tty', { args: ['seq', '-w', '1000001', String(1000000 + lines)], terminal: true }, tty.paths);
    const events = await host.events({ timestamp: epoch });
    let count = 0;
    const upgrading = (async () => {
      for (let round = 0; round < 8; round += 1) count += await upgradeShims(host);
    })();
    for (let round = 0; round < 8; round += 1) {
      const id = `c${String(round)}`;
      await host.create(id, { args: ['sh', '-c', `exit ${String(30 + round)}`] });
      expect((await events.untilExit(id)).status).toBe(30 + round);
    }
    await upgrading;
    expect(count).toBe(8);
    expect(shimOf(host)).toMatchObject({ pid: shim.pid, starttime: shim.starttime });
    expect((await events.untilExit('tty')).status).toBe(0);
    expect((await tty.stdout.untilEnd()).split('\r\n')).toEqual([...Array.from({ length: lines }, (_, index) => String(1000001 + index)), '']);
    await host.end();
    await expectUntouched(host);
  });

  test('has its processes still, some of which end while it changes', async () => {
    const ids = Array.from({ length: 12 }, (_, index) => `c${String(index)}`);
    const stdios = ids.map((id) => held(host, id));
    await Promise.all(ids.map((id, index) => host.create(id, { args: obedient }, stdios[index]?.paths)));
    await ours();
    // They end before, while and after it goes on.
    await Promise.all(stdios.map(({ stdin }, index) => stdin.write(`exit ${String(20 + index)}\n`)));
    await upgraded();
    const events = await host.events({ timestamp: epoch });
    for (const [index, id] of ids.entries()) expect((await events.untilExit(id)).status).toBe(20 + index);
    expect(events.events.filter(({ type }) => type === 'exit')).toHaveLength(ids.length);
    await expectUntouched(host);
  });

  test('waits for a start that is under way, and goes on as it was where that takes too long', async () => {
    await host.create('box', { args: ['sleep', '1000'] });
    await ours();
    await upgraded();
    const runtime = writeFakeRuntime(host.own('runtime'), 'waits');
    const bundlePath = host.bundle('late', { args: ['sleep', '1000'] });
    const created = host.client.create({ id: 'late', bundlePath, runtime, runtimeArgs: ['--root', host.runtimeRoot] });
    await untilExists(`${runtime}.called`);
    const shim = shimOf(host);
    await expect(upgradeShim(host, shim)).rejects.toThrow('the shim is busy: a process is being made');
    let isOver = false;
    const upgrading = upgradeShim(host, shim).finally(() => (isOver = true));
    await rehearsalOf(shim);
    // It waits from here on.
    expect(isOver).toBe(false);
    const gate = new FifoWriter(`${runtime}.never`);
    await gate.write('go\n');
    await Promise.all([created, upgrading]);
    gate.close();
    expect(shimOf(host)).toMatchObject({ pid: shim.pid, starttime: shim.starttime });
    expect((await host.client.state()).containers.map(({ id }) => id).sort()).toEqual(['box', 'late']);
    await host.end();
    await expectUntouched(host);
  });

  test.each([
    ['the new program cannot be started', 'shim.upgrade.before-rehearsal=ENOENT:1'],
    ['it cannot be executed', 'shim.upgrade.before-exec=ENOEXEC:1'],
  ])('goes on as it was where %s, and is asked again', async (_name, fault) => {
    await host.stopDaemon('SIGKILL');
    await killShims(host);
    const { program } = { program: host.own('other-version/holdfastd') };
    await host.startDaemon({ program, env: { ...inOtherVersion, ...watchdog, HOLDFAST_FAULTS: fault } });
    const stdio = held(host, 'tty', true);
    await host.create('tty', { args: quietTerminal, terminal: true }, stdio.paths);
    const shim = shimOf(host);
    await ours();
    await untilLogged(host, ({ msg }) => msg === 'a shim was not upgraded', 'the upgrade to fail');
    await stdio.stdin.write('hello\n');
    await stdio.stdout.until('got hello');
    await upgraded();
    expect(shimsOf(host).map(({ pid }) => pid)).toContain(shim.pid);
    await stdio.stdin.write('exit 9\n');
    const events = await host.events({ timestamp: epoch });
    expect((await events.untilExit('tty')).status).toBe(9);
    await expectUntouched(host);
  });

  test('gives nothing of what it was given to the programs that it starts', async () => {
    await host.create('tty', { args: ['sleep', '1000'], terminal: true }, held(host, 'tty', true).paths);
    await ours();
    await upgraded();
    const runtime = host.own('runtime');
    writeFileSync(runtime, `#!/bin/sh\nls /proc/self/fd > '${runtime}.fds'\nexec runc "$@"\n`, { mode: 0o755 });
    await host.client.addProcess({ id: 'tty', pid: 'exec', args: ['sleep', '1000'], env, cwd: '/' });
    await host.client.create({ id: 'late', bundlePath: host.bundle('late', { args: ['sleep', '1000'] }), runtime, runtimeArgs: ['--root', host.runtimeRoot] });
    // The fourth is that of ls.
    expect(readFileSync(`${runtime}.fds`, 'utf8')).toBe('0\n1\n2\n3\n');
    await host.end();
    await expectUntouched(host);
  });
});

describeOnHost('a shim of the first protocol', realContainers, () => {
  test('is spoken to in it, keeps its processes, and is left as it is', async () => {
    const host = new TestHost();
    try {
      const { program, version } = otherVersion(host, 1);
      await host.startDaemon({ program, env: inOtherVersion });
      const stdio = held(host, 'old');
      await host.create('old', { args: obedient }, stdio.paths);
      const shim = shimOf(host);
      await host.restartDaemon('SIGKILL');
      await expectWorking(host, 'new');
      expect(shimsOf(host).map(({ pid }) => pid)).toContain(shim.pid);
      expect(processOf(shim.pid)?.commandLine).toContain(version);
      expect(shimsOf(host)).toHaveLength(2);
      await host.client.addProcess({ id: 'old', pid: 'late', args: ['sh', '-c', 'exit 8'], env, cwd: '/' });
      const events = await host.events({ timestamp: epoch });
      expect((await events.untilExit('old', 'late')).status).toBe(8);
      await stdio.stdin.write('exit 9\n');
      expect((await events.untilExit('old')).status).toBe(9);
      await expectUntouched(host);
    } finally {
      await host.cleanUp();
    }
  });
});
