import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { APIService as methods } from '../../../src/api/gen/legacy/api';
import { Backend } from '../../legacy-client/backend';
import { LegacyClient } from '../../legacy-client/client';
import { ClientProcess } from '../../legacy-client/container';
import { CallError } from '../../legacy-client/wire';
import { ociSpec } from '../../support/bundle';
import type { BundleOptions } from '../../support/bundle';
import { binDirectory } from '../../support/daemon-process';
import { lineOf } from '../../support/event-log-reader';
import { waitForExit } from '../../support/processes';
import { describeOnHost, realContainers } from '../../support/requires';
import { TestHost } from '../../support/test-host';
import { until } from '../../support/until';

const env = ['PATH=/bin'];
const script = (text: string) => ({ args: ['sh', '-c', text] });
const sleeping = { args: ['sleep', '1000'] };
/** Answers each line that it reads; ends with 5 at the end of its input. */
const answering = script('while read line; do echo "got $line"; done; exit 5');

/** Each of them happens on any busy host; dockerd's part is played by a client written like it. */
describeOnHost("the everyday races of dockerd's", realContainers, () => {
  let host: TestHost;
  let backend: Backend;
  let client: LegacyClient;
  /** Tests take turns with a daemon, each with a client of its own. */
  let isThere = false;
  beforeEach(async () => {
    if (!isThere) {
      host = new TestHost('dockerd');
      backend = new Backend({ root: host.clientRoot, program: join(binDirectory, 'docker-containerd') });
    }
    isThere = true;
    client = newClient();
    await client.start();
  });
  afterEach(async () => {
    try {
      await expectUnharmed();
      client.close();
      await until('nothing to be left of it', () => host.betweenTests(), (isClean) => isClean);
    } catch (error) {
      // What is left tells less than this.
      await end().catch(() => undefined);
      throw error;
    }
  });
  afterAll(() => end());

  async function end(): Promise<void> {
    if (!isThere) return;
    isThere = false;
    client.close();
    await backend.stop();
    await host.cleanUp();
  }

  const newClient = (root = host.clientRoot) =>
    new LegacyClient({ root, socketPath: backend.socketPath, runtimeArgs: ['--root', host.runtimeRoot], backend });
  const spec = (id: string, options: BundleOptions) => ociSpec({ cgroupsPath: `${host.cgroup}/${id}`, ...options });
  const run = (id: string, options: BundleOptions, keepStdin = false) => client.run(id, spec(id, options), keepStdin);
  const exit = (id: string, name = 'init') =>
    client.events.until((event) => event.type === 'exit' && event.id === id && event.pid === name, `exit of ${name} of ${id}`);
  const linesOf = (id: string) => client.events.items.filter((event) => event.id === id).map(lineOf);

  /** Whatever the race did: the daemon is the one that was started, and a container starts and ends as ever. */
  async function expectUnharmed(): Promise<void> {
    expect(backend.starts).toBe(1);
    expect(client.health.failures).toBe(0);
    const { init } = await run('unharmed', script('echo well; exit 7'));
    expect(await init.exited).toBe(7);
    expect(await init.stdout.untilEnd()).toBe('well\n');
  }

  /** Everything of a client goes away and comes back; the daemon stays. */
  function restartClient(): void {
    client.close();
    client = newClient();
  }

  async function refusalOf(call: Promise<unknown>): Promise<string> {
    const error = await call.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (!(error instanceof CallError)) throw new Error(`it should have been refused: ${String(error)}`);
    expect(error.code).toBe(2);
    return error.details;
  }

  describe('closeStdin', () => {
    const closeStdin = (id: string, pid = 'init') => client.connection.unary(methods.updateProcess, { id, pid, closeStdin: true, width: 0, height: 0 });

    test('comes right after the end: it is answered, or not found, and nothing else happens', async () => {
      const answers = await Promise.all(
        Array.from({ length: 20 }, async (_, index) => {
          const id = `c${String(index)}`;
          const { init } = await run(id, script('exit 3'), true);
          // No waiting: the end may come before, with or after it.
          const answer = await closeStdin(id).then(
            () => 'answered',
            (error: CallError) => error.details,
          );
          expect(await init.exited).toBe(3);
          return answer;
        }),
      );
      for (const answer of answers) {
        expect(answer).toMatch(/^(answered|containerd: container not found|containerd: process not found for container)$/);
      }
    });

    test('comes after the exit event', async () => {
      const { init } = await run('c1', script('exit 4'), true);
      expect(await init.exited).toBe(4);
      expect(await refusalOf(closeStdin('c1'))).toBe('containerd: container not found');
    });

    test("comes for an exec'd process that has just ended, in a container that runs on", async () => {
      await run('c1', sleeping);
      const exec = await client.exec('c1', 'e1', { ...script('exit 6'), env }, true);
      expect(await exec.exited).toBe(6);
      expect(await refusalOf(closeStdin('c1', 'e1'))).toBe('containerd: process not found for container');
      await client.signal('c1', 9);
      await exit('c1');
      expect(linesOf('c1')).toEqual(['start-container', 'start-process e1', 'exit e1 6', 'exit init 137']);
    });
  });

  test('the bundle directory goes at the exit event, while its FIFOs are still open and unread', async () => {
    const { init, bundle } = await run('c1', script('seq 1 5000; echo last >&2; exit 2'));
    init.stdout.pause();
    // The client removes the directory within the event, FIFOs and all; its own ends stay open.
    expect(await init.exited).toBe(2);
    expect(existsSync(bundle)).toBe(false);
    init.stdout.resume();
    expect((await init.stdout.untilEnd()).split('\n')).toHaveLength(5001);
    expect(await init.stderr.untilEnd()).toBe('last\n');
  });

  test('the bundle directory goes while the container runs: it runs on, and ends as ever', async () => {
    const { init, bundle } = await run('c1', answering, true);
    await init.stdin.write('one\n');
    await init.stdout.until('got one\n');
    rmSync(bundle, { recursive: true });
    const exec = await client.connection.unary(methods.addProcess, execRequest('c1', 'e1', ['true']));
    expect(exec.systemPid).toBeGreaterThan(0);
    await exit('c1', 'e1');
    await client.closeStdin('c1');
    expect(await init.exited).toBe(5);
  });

  test('the exit event has come: the same id starts again within it, 100 times', async () => {
    for (let round = 0; round < 100; round += 1) {
      const { init } = await run('again', script(`echo ${String(round)}; exit ${String(round)}`));
      expect(await init.exited).toBe(round);
      expect(await init.stdout.untilEnd()).toBe(`${String(round)}\n`);
    }
    const told = linesOf('again');
    expect(told).toEqual(Array.from({ length: 100 }, (_, round) => ['start-container', `exit init ${String(round)}`]).flat());
  });

  test('a client that restarts learns of the exit that it missed: the last of the stored events, with its status', async () => {
    const { init } = await run('c1', script('read line; exit 42'), true);
    await client.exec('c1', 'e1', { ...sleeping, env });
    const pid = (await client.state('c1')).containers[0]?.processes.find((one) => one.pid === 'init')?.systemPid ?? 0;
    const watcher = newClient(host.own('watcher'));
    await watcher.start();
    const stdin = init.stdin;
    client.health.close();
    client.connection.close();
    await stdin.write('end\n');
    await waitForExit(pid);
    await watcher.events.until((event) => event.type === 'exit' && event.id === 'c1' && event.pid === 'init', 'the exit');
    watcher.close();
    restartClient();
    expect(client.believedAlive()).toEqual(['c1']);
    const stored = await client.stored('c1');
    expect(stored.map(lineOf)).toEqual(expect.arrayContaining(['exit e1 137']));
    expect(stored.map(lineOf).at(-1)).toBe('exit init 42');
    expect(await client.restore('c1')).toEqual({ running: false, status: 42 });
    await client.start();
  });

  test('live restore: the FIFOs are opened anew, and no line is lost on the way', async () => {
    const { init } = await run('c1', answering, true);
    await init.stdin.write('one\n');
    await init.stdout.until('got one\n');
    for (const line of ['two', 'three']) {
      restartClient();
      const restored = await client.restore('c1');
      if (!restored.running) throw new Error('it should run');
      await restored.container.init.stdin.write(`${line}\n`);
      expect(await restored.container.init.stdout.until(`got ${line}\n`)).toBe(`got ${line}\n`);
      await client.start();
    }
    const last = client.containers.get('c1');
    await client.closeStdin('c1');
    expect(await last?.init.exited).toBe(5);
  });

  test('live restore of a paused container', async () => {
    await run('c1', sleeping);
    await client.pause('c1');
    restartClient();
    const restored = await client.restore('c1');
    expect(restored).toMatchObject({ running: true, container: { paused: true } });
    await client.start();
    expect(await refusalOf(client.exec('c1', 'e1', { args: ['true'], env }))).toContain('paused');
    await client.resume('c1');
    await client.signal('c1', 9);
    await exit('c1');
  });

  describe('an exec', () => {
    test('into a paused container is refused in clear words, and one after the resume works', async () => {
      await run('c1', sleeping);
      await client.pause('c1');
      expect(await refusalOf(client.exec('c1', 'e1', { args: ['true'], env }))).toContain('paused');
      await client.resume('c1');
      const exec = await client.exec('c1', 'e1', { ...script('exit 8'), env });
      expect(await exec.exited).toBe(8);
      await client.signal('c1', 9);
      await exit('c1');
      expect(linesOf('c1')).toEqual(['start-container', 'pause', 'resume', 'start-process e1', 'exit e1 8', 'exit init 137']);
    });

    test('into a container that is just being paused is refused or runs, one of the two', async () => {
      await run('c1', sleeping);
      const [, exec] = await Promise.allSettled([client.pause('c1'), client.exec('c1', 'e1', { args: ['true'], env })]);
      await client.resume('c1');
      if (exec.status === 'fulfilled') expect(await exec.value.exited).toBe(0);
      else expect(String(exec.reason)).toContain('paused');
      await client.signal('c1', 9);
      await exit('c1');
    });

    test('into a dead container is refused', async () => {
      await run('c1', script('exit 0'));
      await exit('c1');
      const call = client.connection.unary(methods.addProcess, execRequest('c1', 'e1', ['true']));
      expect(await refusalOf(call)).toBe('containerd: container not found');
    });

    test('into a container that dies under it is told to its end, or refused; the exit of the container comes last', async () => {
      await run('c1', sleeping);
      const execs = Array.from({ length: 8 }, (_, index) => client.exec('c1', `e${String(index)}`, { ...sleeping, env }));
      await client.signal('c1', 9);
      const outcomes = await Promise.allSettled(execs);
      await exit('c1');
      const lines = linesOf('c1');
      expect(lines.at(-1)).toBe('exit init 137');
      for (const [index, outcome] of outcomes.entries()) {
        const own = lines.filter((line) => line.includes(` e${String(index)}`));
        if (outcome.status === 'fulfilled') expect(own).toEqual([`start-process e${String(index)}`, `exit e${String(index)} 137`]);
        else expect(own).toEqual([]);
      }
    });
  });

  test('a signal to a process that has just ended: no such process, or no such container', async () => {
    await run('c1', sleeping);
    const execs = await Promise.all(Array.from({ length: 5 }, (_, index) => client.exec('c1', `e${String(index)}`, { ...sleeping, env })));
    const words = /^(no such process|containerd: process not found for container)$/;
    for (const exec of execs) {
      await client.signal('c1', 9, exec.name);
      // Its end is on the way, told or not.
      const second = await client.signal('c1', 9, exec.name).then(
        () => 'sent',
        (error: CallError) => error.details,
      );
      if (second !== 'sent') expect(second).toMatch(words);
      expect(await exec.exited).toBe(137);
      expect(await refusalOf(client.signal('c1', 9, exec.name))).toMatch(words);
    }
    await client.signal('c1', 9);
    await exit('c1');
    expect(await refusalOf(client.signal('c1', 9))).toBe('containerd: container not found');
  });

  test('a resize before the terminal exists is a clear error, and one right after the answer counts', async () => {
    expect(await refusalOf(client.resize('c1', 80, 24))).toBe('containerd: container not found');
    /** What is typed comes by another FIFO than the size, and either may be read first. */
    const untilSized = (size: string): string => `read line; until [ "$(stty size 2>/dev/null)" = "${size}" ]; do sleep 0.05; done`;
    const starting = run('c1', { ...script(untilSized('50 120')), terminal: true }, true);
    const early = await client.resize('c1', 81, 25).then(
      () => 'taken',
      (error: CallError) => error.details,
    );
    expect(early).toMatch(/^(taken|containerd: (container|process) not found.*)$/);
    const { init } = await starting;
    await client.resize('c1', 120, 50);
    await init.stdin.write('now\n');
    expect(await init.exited).toBe(0);
    await run('c2', sleeping);
    // Without a terminal there is nothing to set; it must not harm the container.
    await client.resize('c2', 80, 24);
    const exec = client.exec('c2', 'e1', { ...script(untilSized('33 99')), env, terminal: true }, true);
    const tooEarly = await client.resize('c2', 81, 25, 'e1').then(
      () => 'taken',
      (error: CallError) => error.details,
    );
    expect(tooEarly).toMatch(/^(taken|containerd: process not found for container)$/);
    const shell = await exec;
    await client.resize('c2', 99, 33, 'e1');
    await shell.stdin.write('now\n');
    expect(await shell.exited).toBe(0);
    await client.signal('c2', 9);
    await exit('c2');
  });

  describe('the FIFO ends of the client', () => {
    test('are opened early, before the request: what was written waits for the container', async () => {
      const { init } = await run('c1', answering, true);
      await init.stdin.write('early\n');
      await init.stdout.until('got early\n');
      await client.closeStdin('c1');
      expect(await init.exited).toBe(5);
    });

    test('are opened late, long after the start, and after the end', async () => {
      await run('c1', sleeping);
      const late = new ClientProcess('late', client.containers.get('c1')?.bundle ?? '', false).makeFifos();
      await client.connection.unary(methods.addProcess, { ...execRequest('c1', 'late', script('echo said; echo cried >&2').args), ...late.paths });
      // The client holds no end until the process is over: it must neither block nor be killed.
      await exit('c1', 'late');
      late.openEnds();
      expect(await late.stdout.untilEnd()).toBe('said\n');
      expect(await late.stderr.untilEnd()).toBe('cried\n');
      late.closeEnds();
      await client.signal('c1', 9);
      await exit('c1');
    });

    test('are closed and opened again, many times: the container hears neither an end nor a broken pipe', async () => {
      const { init } = await run('c1', answering, true);
      for (let round = 0; round < 20; round += 1) {
        init.closeEnds();
        init.openEnds();
        await init.stdin.write(`${String(round)}\n`);
        await init.stdout.until(`got ${String(round)}\n`);
      }
      await client.closeStdin('c1');
      expect(await init.exited).toBe(5);
    });

    test('are closed for good: the container waits at the full pipe, and can still be killed', async () => {
      const { init } = await run('c1', script('while :; do echo more; done'));
      await init.stdout.until('more\n');
      init.closeEnds();
      await client.signal('c1', 9);
      expect(await init.exited).toBe(137);
    });
  });

  function execRequest(id: string, pid: string, args: readonly string[]) {
    const nothing = methods.addProcess.requestDeserialize(Buffer.alloc(0));
    return { ...nothing, id, pid, args: [...args], cwd: '/', env };
  }
});
