import { existsSync, readdirSync } from 'node:fs';

import { ClientStdio } from '../support/client-stdio';
import { writeFakeRuntime } from '../support/fake-runtime';
import { failureOf } from '../support/failure';
import { EventLogReader, lineOf } from '../support/event-log-reader';
import { FifoWriter } from '../support/fifo';
import { untilExists } from '../support/files';
import { processesInCgroup, processesNaming, signalExactly, waitForExit } from '../support/processes';
import { describeOnHost, realContainers } from '../support/requires';
import { SharedHost } from '../support/shared-host';
import { killDaemonAndShims, killShims, shimOf, shimsOf } from '../support/shims';
import { TestHost } from '../support/test-host';
import { expectUntouched, expectWorking } from '../support/untouched';
import { until } from '../support/until';

const env = ['PATH=/bin'];
const sleeper = { args: ['sleep', '1000'] };
/** Answers each line that it reads; ends with the number in a line `exit <number>`. */
const obedient = { args: ['sh', '-c', 'while read word rest; do [ "$word" = exit ] && exit $rest; echo "got $word"; done'] };
/** Counts as fast as it can, in lines of 8 bytes, until a line comes. */
const counter = (lines: number) => ({ args: ['seq', '-w', '1000001', String(1000000 + lines)] });

/** A client's ends that stay open whatever dies, as those of a client that lives on do. */
function held(host: TestHost, name: string, terminal = false): ClientStdio {
  const stdio = new ClientStdio(`${host.directory}/stdio/${name}`, terminal).open();
  clients.push(stdio);
  return stdio;
}

const clients: ClientStdio[] = [];
afterEach(() => {
  for (const client of clients.splice(0)) client.close();
});

/** The three ways in which a container may lose its shim and go on. */
const deaths: readonly (readonly [string, (host: TestHost) => Promise<void>])[] = [
  ['the shim killed', killShims],
  [
    'the shim killed while the daemon is down',
    async (host) => {
      await host.stopDaemon('SIGKILL');
      await killShims(host);
      await host.startDaemon();
    },
  ],
  [
    'daemon and shim killed at the same moment',
    async (host) => {
      await killDaemonAndShims(host);
      await host.startDaemon();
    },
  ],
];

describe.each(deaths)('%s', (_name, strike) => {
  describeOnHost('harms nothing', realContainers, () => {
    const shared = new SharedHost();
    let host: TestHost;
    beforeEach(async () => {
      host = await shared.take();
    });
    afterEach(() => shared.giveBack());
    afterAll(() => shared.close());

    const exec = (id: string, pid: string, args: readonly string[], more = {}) =>
      host.client.addProcess({ id, pid, args: [...args], env, cwd: '/', ...more });

    test('containers and their execs run on, with their stdio, and end with their own status', async () => {
      const stdio = held(host, 'box');
      const execStdio = held(host, 'exec');
      await host.create('box', obedient, stdio.paths);
      await exec('box', 'obeys', obedient.args, execStdio.paths);
      await exec('box', 'sleeps', ['sleep', '1000']);
      const before = (await host.client.state('box')).containers;
      await strike(host);
      const events = await host.events({ timestamp: host.began });
      expect((await host.client.state('box')).containers).toEqual(before);
      for (const { stdin, stdout } of [stdio, execStdio]) {
        await stdin.write('hello\n');
        await stdout.until('got hello\n');
      }
      await execStdio.stdin.write('exit 21\n');
      expect((await events.untilExit('box', 'obeys')).status).toBe(21);
      await host.client.signal('box', 15, 'sleeps');
      expect((await events.untilExit('box', 'sleeps')).status).toBe(143);
      await exec('box', 'later', ['sh', '-c', 'exit 3']);
      expect((await events.untilExit('box', 'later')).status).toBe(3);
      await stdio.stdin.write('exit 22\n');
      expect((await events.untilExit('box')).status).toBe(22);
      expect(events.linesOf('box').slice(-1)).toEqual(['exit init 22']);
      expect(events.linesOf('box').filter((line) => line.startsWith('exit'))).toHaveLength(4);
      await expectUntouched(host);
      await expectWorking(host, 'box');
    });

    test('no byte of output without a terminal is lost or doubled', async () => {
      const lines = 400_000;
      const stdio = held(host, 'counts');
      await host.create('counts', counter(lines), stdio.paths);
      // The pipe is full by then, and the rest is still to come.
      stdio.stdout.pause();
      await strike(host);
      const events = await host.events({ timestamp: host.began });
      stdio.stdout.resume();
      expect((await events.untilExit('counts')).status).toBe(0);
      const text = await stdio.stdout.untilEnd();
      expect(text).toHaveLength(8 * lines);
      expect(text).toBe(Array.from({ length: lines }, (_, index) => `${String(1000001 + index)}\n`).join(''));
    });

    test('a closed stdin stays closed, and one that is closed later ends', async () => {
      const stdio = held(host, 'box');
      await host.create('box', { args: ['sh', '-c', 'cat; echo end; exit 5'] }, stdio.paths);
      await strike(host);
      const events = await host.events();
      await stdio.stdin.write('text\n');
      await stdio.stdout.until('text\n');
      stdio.stdin.close();
      await host.client.updateProcess({ id: 'box', pid: 'init', closeStdin: true });
      expect((await events.untilExit('box')).status).toBe(5);
      expect(await stdio.stdout.untilEnd()).toContain('end\n');
    });

    test('a paused container stays paused, goes on, and ends with its own status', async () => {
      const stdio = held(host, 'box');
      await host.create('box', obedient, stdio.paths);
      await host.client.updateContainer({ id: 'box', status: 'paused' });
      await strike(host);
      expect((await host.client.state('box')).containers[0]?.status).toBe('paused');
      await host.client.updateContainer({ id: 'box', status: 'running' });
      const events = await host.events();
      await stdio.stdin.write('exit 9\n');
      expect((await events.untilExit('box')).status).toBe(9);
    });

    test('a container without a pid namespace of its own is ended whole', async () => {
      const stdio = held(host, 'box');
      await host.create('box', { ...obedient, pidNamespace: false }, stdio.paths);
      await exec('box', 'sleeps', ['sleep', '1000']);
      await strike(host);
      const events = await host.events({ timestamp: host.began });
      await stdio.stdin.write('exit 6\n');
      expect((await events.untilExit('box')).status).toBe(6);
      expect(events.linesOf('box').slice(-2)).toEqual(['exit sleeps 137', 'exit init 6']);
      expect(processesInCgroup(host.cgroup)).toEqual([]);
    });
  });
});

describeOnHost('terminals and the death of the shim', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  test('they go on, of container and exec, in both directions and with their size', async () => {
    const stdio = held(host, 'tty', true);
    const execStdio = held(host, 'exec', true);
    const shell = ['sh', '-c', 'echo ready; while read line; do echo "size $(stty size 2>&1)"; [ "$line" = end ] && exit 4; done'];
    await host.create('tty', { args: shell, terminal: true }, stdio.paths);
    await host.client.addProcess({ id: 'tty', pid: 'exec', args: shell, env, cwd: '/', terminal: true, ...execStdio.paths });
    const both = [['init', stdio], ['exec', execStdio]] as const;
    for (const [, { stdout }] of both) await stdout.until('ready');
    const events = await host.events();
    for (let round = 1; round <= 3; round += 1) {
      await killShims(host);
      for (const [pid, { stdin, stdout }] of both) {
        await host.client.updateProcess({ id: 'tty', pid, width: 100 + round, height: 40 });
        // Two FIFOs, and either may be read first; each line is answered once, before its first size with an error.
        for (let line = 0; !stdout.text().includes(`size 40 ${String(100 + round)}\r\n`) && line < 50; line += 1) {
          await stdin.write(`round ${String(round)}.${String(line)}\n`);
          await stdout.until(`round ${String(round)}.${String(line)}\r\nsize `);
        }
        await stdout.until(`size 40 ${String(100 + round)}\r\n`);
      }
    }
    // One after the other: the end of init kills what else runs in its pid namespace.
    for (const [pid, { stdin }] of [...both].reverse()) {
      await stdin.write('end\n');
      expect((await events.untilExit('tty', pid)).status).toBe(4);
    }
  });

  test('with the daemon dead at the same moment the terminal hangs up, as any terminal does, and the exit is told', async () => {
    const stdio = held(host, 'tty', true);
    await host.create('tty', { args: ['sh', '-c', 'trap "exit 7" HUP; echo ready; while :; do sleep 0.1; done'], terminal: true }, stdio.paths);
    await stdio.stdout.until('ready');
    await killDaemonAndShims(host);
    await host.startDaemon();
    const events = await host.events({ timestamp: host.began });
    expect([7, 255]).toContain((await events.untilExit('tty')).status);
  });
});

describeOnHost('the shim dies during a start', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  const request = (runtime: string) => ({
    id: 'box',
    bundlePath: host.bundle('box', sleeper),
    runtime,
    runtimeArgs: ['--root', host.runtimeRoot],
  });

  test.each(['hangs', 'hangs-with-child'] as const)('in the takeover (the runtime %s): an error in the words of the contract, and undone', async (behaviour) => {
    const runtime = writeFakeRuntime(host.own('runtime'), behaviour);
    const answer = failureOf(host.client.create(request(runtime)));
    // Not before it hangs: who comes to that later would be missed below.
    await until('the runtime to hang', () => processesNaming(`${runtime}.never`).length, (count) => count > 0);
    await killShims(host);
    expect((await answer).details).toBe('containerd: shim exited before container process was started');
    await Promise.all(processesNaming(`${runtime}.never`).map((seen) => { signalExactly(seen, 'SIGKILL'); return waitForExit(seen.pid); }));
    await expectUntouched(host);
    await expectWorking(host, 'box');
    expect((await EventLogReader.stored(host.client, host.began)).map(lineOf)).toEqual(['start-container', 'exit init 5']);
  });

  test('in the takeover of an exec: that exec is undone, and the container goes on', async () => {
    await host.create('box', sleeper);
    const before = await host.initOf('box');
    const shim = shimOf(host);
    signalExactly(shim, 'SIGSTOP');
    const answer = failureOf(host.client.addProcess({ id: 'box', pid: 'one', args: ['sleep', '1000'], env, cwd: '/' }));
    await untilExists(`${host.stateDir}/box/one`);
    await killShims(host);
    expect((await answer).details).toBe('containerd: shim exited before container process was started');
    expect(await host.initOf('box')).toEqual(before);
    const events = await host.events();
    await host.client.addProcess({ id: 'box', pid: 'one', args: ['sh', '-c', 'exit 2'], env, cwd: '/' });
    expect((await events.untilExit('box', 'one')).status).toBe(2);
    await host.end();
  });

  test('after the takeover, while the runtime starts it: the container is adopted, and its end told', async () => {
    const runtime = writeFakeRuntime(host.own('runtime'), 'start-waits');
    const created = host.client.create(request(runtime));
    await untilExists(`${runtime}.called`);
    await killShims(host);
    // Open until the runtime has read it, which may come to its FIFO only now.
    const gate = new FifoWriter(`${runtime}.never`);
    await gate.write('go\n');
    await created;
    gate.close();
    const events = await host.events({ timestamp: host.began });
    expect((await host.client.state('box')).containers[0]?.status).toBe('running');
    await host.client.signal('box', 9);
    expect((await events.untilExit('box')).status).toBe(137);
    await expectUntouched(host);
  });
});

describeOnHost('--on-shim-death=kill', realContainers, () => {
  const flags = ['--on-shim-death=kill'];
  const shared = new SharedHost({ flags });
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  const populate = async (): Promise<void> => {
    await host.create('plain', sleeper);
    await host.create('paused', sleeper);
    await host.create('shared', { ...sleeper, pidNamespace: false });
    await host.create('tty', { ...sleeper, terminal: true }, held(host, 'tty', true).paths);
    for (const id of ['plain', 'shared']) {
      await host.client.addProcess({ id, pid: 'exec', args: ['sleep', '1000'], env, cwd: '/' });
    }
    await host.client.updateContainer({ id: 'paused', status: 'paused' });
  };

  const expectAllKilled = async (): Promise<void> => {
    const events = await host.events({ timestamp: host.began });
    for (const id of ['plain', 'paused', 'shared', 'tty']) expect((await events.untilExit(id)).status).toBe(137);
    for (const id of ['plain', 'shared']) expect(events.linesOf(id).slice(-2)).toEqual(['exit exec 137', 'exit init 137']);
    await expectUntouched(host);
    expect(existsSync(host.runtimeRoot) ? readdirSync(host.runtimeRoot) : []).toEqual([]);
    await expectWorking(host, 'plain');
  };

  test('ends every container of that shim with 137, and leaves nothing', async () => {
    await populate();
    await killShims(host);
    await expectAllKilled();
  });

  test('also where daemon and shim die together', async () => {
    await populate();
    await killDaemonAndShims(host);
    await host.startDaemon({ flags });
    await expectAllKilled();
  });
});

describeOnHost('a shim that hangs', realContainers, () => {
  // Far longer than one takes that does answer, on a machine with much else to do.
  const env = { HOLDFAST_SHIM_WATCHDOG: '100,3000' };
  let host: TestHost;
  beforeEach(async () => {
    host = await TestHost.withDaemon({ env });
  });
  afterEach(() => host.cleanUp());

  test('is noticed and replaced, and its containers go on', async () => {
    const stdio = held(host, 'box');
    await host.create('box', obedient, stdio.paths);
    const hung = shimOf(host);
    signalExactly(hung, 'SIGSTOP');
    await waitForExit(hung.pid);
    const events = await host.events();
    await stdio.stdin.write('exit 13\n');
    expect((await events.untilExit('box')).status).toBe(13);
    expect(host.daemon.log()).toContain('the shim does not answer and is replaced');
    await expectWorking(host);
  });

  test('is noticed by a daemon that starts, which answers meanwhile', async () => {
    const stdio = held(host, 'box');
    await host.create('box', obedient, stdio.paths);
    const hung = shimOf(host);
    await host.stopDaemon('SIGKILL');
    signalExactly(hung, 'SIGSTOP');
    await host.startDaemon({ env });
    expect((await host.client.state('box')).containers[0]?.status).toBe('running');
    await waitForExit(hung.pid);
    const events = await host.events();
    await stdio.stdin.write('exit 14\n');
    expect((await events.untilExit('box')).status).toBe(14);
    expect(shimsOf(host).map((shim) => shim.pid)).not.toContain(hung.pid);
  });
});
