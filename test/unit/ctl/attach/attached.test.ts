import { once } from 'node:events';
import { closeSync, createReadStream, existsSync, openSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Outcome, Process, State } from '../../../../src/api/gen/holdfast/v1/containers';
import type { Stdio } from '../../../../src/api/gen/holdfast/v1/containers';
import type { StdioPaths } from '../../../../src/ctl/attach/stdio-fifos';
import { run } from '../../../../src/ctl/program/run';
import { FakeDaemon, Refusal } from '../support/fake-daemon';
import { FakeIo } from '../support/fake-io';

/** What a shim does with the FIFOs of a process: holds both ends, until it ends. */
class FakeProcess {
  readonly #keepers: number[] = [];
  readonly directory: string;
  readonly #stdin: string;

  constructor(readonly paths: StdioPaths) {
    this.directory = dirname(paths.stdin);
    this.#stdin = paths.stdin;
    for (const path of [paths.stdin, paths.stdout, paths.stderr]) if (path !== '') this.#keepers.push(openSync(path, 'r+'));
  }

  write(text: string, to: 'stdout' | 'stderr' = 'stdout'): void {
    writeFileSync(this.paths[to], text);
  }

  /** Reads its stdin until it has all of `wanted`. */
  async reads(wanted: string): Promise<void> {
    const stream = createReadStream(this.#stdin);
    let text = '';
    for await (const chunk of stream) {
      text += String(chunk);
      if (text.length >= wanted.length) break;
    }
    expect(text).toBe(wanted);
  }

  end(): void {
    for (const fd of this.#keepers.splice(0)) closeSync(fd);
  }
}

let daemon: FakeDaemon;
let io: FakeIo;
let latest: FakeProcess | undefined;
let started: Promise<FakeProcess>;

beforeEach(async () => {
  daemon = await FakeDaemon.start();
  daemon.second = BigInt(Math.floor(Date.now() / 1000)) + 60n;
  io = new FakeIo();
  started = new Promise((resolve) => {
    const begin = (paths: StdioPaths): void => {
      latest = new FakeProcess(paths);
      resolve(latest);
    };
    daemon.onStart = ({ stdio }, name) => {
      begin(given(stdio));
      daemon.emit({ type: 'start-container', name });
      return Outcome.STARTED;
    };
    daemon.onExec = ({ process, spec }) => {
      begin(given(spec?.stdio));
      daemon.emit({ type: 'start-process', name: 'web', process });
    };
  });
});

afterEach(() => {
  latest?.end();
  latest = undefined;
  daemon.stop();
});

function given(stdio: Stdio | undefined): Stdio {
  if (stdio === undefined) throw new Error('no stdio in the request');
  return stdio;
}

function start(terminal = false): Promise<number> {
  writeFileSync(join(daemon.directory, 'config.json'), JSON.stringify({ process: { terminal } }));
  return run(['-s', daemon.address, 'start', '-a', 'web', daemon.directory], io);
}

/** Resolves when the daemon has been asked to update a process. */
function nextUpdate(): Promise<unknown> {
  return new Promise((resolve) => {
    daemon.onProcessUpdate = resolve;
  });
}

/** The session forwards signals once the start has been answered: then our stdin is read, too. */
async function untilForwarding(): Promise<void> {
  if (io.stdin.listenerCount('data') === 0) await once(io.stdin, 'resume');
}

function leftOver(): string[] {
  return readdirSync(tmpdir()).filter((name) => name.startsWith('holdfastctl-'));
}

test('output, its end, and the status of the process', async () => {
  const ended = start();
  const running = await started;
  running.write('out\n');
  running.write('err\n', 'stderr');
  await io.stdout.holds('out\n');
  await io.stderr.holds('err\n');
  daemon.exit('web', 7);
  running.write('late');
  running.end();
  expect(await ended).toBe(7);
  // Nothing but the process's own output: it may be a program that reads it.
  expect(io.stdout.text).toBe('out\nlate');
  expect(io.stderr.text).toBe('err\n');
  expect(existsSync(running.directory)).toBe(false);
});

test('more output than a pipe holds', async () => {
  const ended = start();
  const running = await started;
  const much = 'x'.repeat(1_000_000);
  await writeFile(running.paths.stdout, much);
  running.end();
  daemon.exit('web', 0);
  expect(await ended).toBe(0);
  expect(io.stdout.text).toBe(much);
});

test('input, and its end', async () => {
  const ended = start();
  const running = await started;
  const update = nextUpdate();
  io.stdin.write('hello ');
  io.stdin.end('world');
  await running.reads('hello world');
  expect(await update).toEqual({ name: 'web', process: 'init' });
  daemon.exit('web', 0);
  running.end();
  expect(await ended).toBe(0);
});

test('signals are passed on', async () => {
  const ended = start();
  const running = await started;
  const signalled = new Promise<void>((resolve) => {
    daemon.onSignal = ({ signal }) => {
      if (signal === 15) resolve();
    };
  });
  await untilForwarding();
  expect(io.deafened).toBe(0);
  io.raise('SIGINT');
  io.raise('SIGTERM');
  await signalled;
  expect(daemon.signals).toEqual([
    { name: 'web', process: 'init', signal: 2 },
    { name: 'web', process: 'init', signal: 15 },
  ]);
  daemon.exit('web', 143);
  running.end();
  expect(await ended).toBe(143);
  expect(io.listeners('SIGINT')).toBe(0);
});

test('a signal that crosses with the answer to the start is passed on', async () => {
  const signalled = new Promise<void>((resolve) => {
    daemon.onSignal = () => {
      resolve();
    };
  });
  const begin = daemon.onStart;
  daemon.onStart = (request, name) => {
    daemon.add(name, State.RUNNING, { processes: [Process.fromPartial({ id: 'init', pid: 53, stdio: given(request.stdio) })] });
    const became = begin(request, name);
    io.raise('SIGHUP');
    return became;
  };
  const ended = start();
  await signalled;
  expect(daemon.signals).toEqual([{ name: 'web', process: 'init', signal: 1 }]);
  const running = await started;
  daemon.exit('web', 129);
  running.end();
  expect(await ended).toBe(129);
});

test('a signal during the start gives it up', async () => {
  const before = leftOver();
  const asked = new Promise<void>((resolve) => {
    daemon.onStart = () => {
      resolve();
      return new Promise(() => undefined);
    };
  });
  const ended = start();
  await asked;
  io.raise('SIGINT');
  expect(await ended).toBe(130);
  expect(io.stderr.text).toContain('interrupted');
  expect(leftOver()).toEqual(before);
});

test('what fails after the start is not said to be a failure of the start', async () => {
  const ended = start();
  const running = await started;
  daemon.onSignal = () => {
    throw new Refusal('no signals today');
  };
  await untilForwarding();
  io.raise('SIGTERM');
  expect(await ended).toBe(1);
  expect(io.stdout.text).toBe('');
  expect(io.stderr.text).toContain('detached; web runs on (holdfastctl fg web)');
  expect(io.stderr.text).toContain('no signals today');
  rmSync(running.directory, { recursive: true });
});

test('a start that fails leaves nothing', async () => {
  const before = leftOver();
  daemon.onStart = () => ({ outcome: Outcome.SPAWN_ERROR, detail: 'oci runtime error: no' });
  expect(await start()).toBe(7);
  expect(io.lines).toEqual(['web: ERROR (spawn error)']);
  expect(leftOver()).toEqual(before);
});

describe('with a terminal', () => {
  beforeEach(() => {
    io.stdin.isTTY = true;
    io.stdout.isTTY = true;
  });

  test('raw, the size at first and when it changes, no stderr', async () => {
    const first = nextUpdate();
    const ended = start(true);
    const running = await started;
    expect(running.paths.stderr).toBe('');
    expect(await first).toEqual({ name: 'web', process: 'init', width: 100, height: 40 });
    const second = nextUpdate();
    io.stdout.columns = 120;
    io.stdout.emit('resize');
    expect(await second).toMatchObject({ width: 120, height: 40 });
    expect(io.stdin.rawModes).toEqual([true]);
    daemon.exit('web', 0);
    running.end();
    expect(await ended).toBe(0);
    expect(io.stdin.rawModes.at(-1)).toBe(false);
  });

  test('ctrl-p ctrl-q leaves the process running, and its FIFOs there', async () => {
    const ended = start(true);
    const running = await started;
    io.stdin.write('ls\u0010\u0011');
    expect(await ended).toBe(0);
    await running.reads('ls');
    expect(io.stderr.text).toContain('detached; web runs on (holdfastctl fg web)');
    expect(io.stdin.rawModes.at(-1)).toBe(false);
    expect(daemon.processUpdates.filter((update) => !('width' in update))).toEqual([]);
    rmSync(running.directory, { recursive: true });
  });

  test('exec -t attaches', async () => {
    daemon.add('web');
    const ended = run(['-s', daemon.address, 'exec', '-t', '--pid', 'p', 'web', '--', 'sh'], io);
    const running = await started;
    running.write('$ ');
    await io.stdout.holds('$ ');
    expect(daemon.executed).toMatchObject([{ spec: { terminal: true, env: expect.arrayContaining(['TERM=vt100']) as string[] } }]);
    daemon.exit('web', 4, 'p');
    running.end();
    expect(await ended).toBe(4);
  });
});

test('the daemon is restarted meanwhile: the session goes on', async () => {
  const ended = start();
  const running = await started;
  await untilForwarding();
  daemon.vanish();
  running.write('still here\n');
  await io.stdout.holds('still here\n');
  daemon.exit('web', 9);
  running.end();
  await daemon.listen();
  expect(await ended).toBe(9);
});

test('nobody else can enter the directory of the FIFOs', async () => {
  const ended = start();
  const running = await started;
  expect(statSync(running.directory).mode & 0o777).toBe(0o700);
  daemon.exit('web', 0);
  running.end();
  expect(await ended).toBe(0);
});
