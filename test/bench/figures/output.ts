import { closeSync, constants, openSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { ConsoleSocket } from '../../../src/sys/sockets/console-socket';
import { mkfifo, readSome } from '../../../src/sys/files/files';
import type { BenchHost } from '../bench-host';
import { type Figure, atLeast, figureOf, interleave } from '../figure';

const chunk = 65536;
const { O_NONBLOCK, O_RDONLY, O_RDWR, O_WRONLY } = constants;

/** A container that writes so many MiB to its stdout, and then says on stderr that it has (with a terminal: after them). */
function writer(mebibytes: number): readonly string[] {
  return ['dd', 'if=/dev/zero', `bs=${String(chunk)}`, `count=${String(mebibytes * 16)}`];
}

/** Without a terminal, from the first byte to the end of dd, against the runtime with the same FIFO and the same reader. */
export async function stdoutFigure(host: BenchHost): Promise<Figure> {
  const mebibytes = host.options.quick ? 256 : 1024;
  const what = `stdout without a terminal, ${String(mebibytes)} MiB, against the same pipe without a supervisor`;
  const ours = (): Promise<number[]> => throughOurs(host, mebibytes, false);
  const bare = (): Promise<number[]> =>
    withOutput(host, { mebibytes, terminal: false }, async ({ stdout, stderr, said }) => {
      const id = host.name();
      const fds = { stdout: openSync(stdout, O_WRONLY), stderr: openSync(stderr, O_WRONLY) };
      const container = await host.bare.create(id, host.bundle(id, { args: writer(mebibytes) }), fds);
      for (const fd of Object.values(fds)) closeSync(fd);
      await host.bare.start(id);
      const value = await said;
      await container.ended;
      await host.bare.delete(id);
      return value;
    });
  const head = { name: 'stdout', what, unit: 'MB/s', targets: [atLeast(0.9, 'ratio')] };
  return figureOf(head, await interleave(host.options.quick ? 3 : 7, ours, bare));
}

/** Through a terminal, against a program that reads the terminal's master and throws away what it reads. */
export async function terminalFigure(host: BenchHost): Promise<Figure> {
  const mebibytes = host.options.quick ? 32 : 128;
  const what = `stdout through a terminal, ${String(mebibytes)} MiB, against reading its master and nothing more`;
  const ours = (): Promise<number[]> => throughOurs(host, mebibytes, true);
  const bare = async (): Promise<number[]> => {
    const id = host.name();
    const socketPath = join(host.directory, 'console.sock');
    const socket = new ConsoleSocket(host.poller, socketPath);
    const bundle = host.bundle(id, { args: writer(mebibytes), terminal: true });
    const container = await host.bare.create(id, bundle, {}, socketPath);
    const masterFd = await socket.terminalFd;
    socket.close();
    const reading = readAway(host, masterFd);
    await host.bare.start(id);
    const { firstMs, lastMs } = await reading;
    await container.ended;
    await host.bare.delete(id);
    return [speed(mebibytes, lastMs - firstMs)];
  };
  const head = { name: 'terminal', what, unit: 'MB/s', targets: [atLeast(150)] };
  return figureOf(head, await interleave(host.options.quick ? 3 : 7, ours, bare));
}

function throughOurs(host: BenchHost, mebibytes: number, terminal: boolean): Promise<number[]> {
  return withOutput(host, { mebibytes, terminal }, async ({ stdout, stderr, said }) => {
    const id = host.name();
    const bundlePath = host.bundle(id, { args: writer(mebibytes), terminal });
    const events = host.events();
    await host.client.create({ id, bundlePath, stdout, stderr: terminal ? '' : stderr });
    const value = await said;
    await events.untilExit(id);
    events.close();
    return value;
  });
}

interface Output {
  readonly stdout: string;
  readonly stderr: string;
  /** MB/s. */
  readonly said: Promise<number[]>;
}

interface Writing {
  readonly mebibytes: number;
  readonly terminal: boolean;
}

/**
 * FIFOs and their readers, which are the same for both sides: `cat` for stdout without a terminal, and this
 * program for what dd says at its end.
 */
async function withOutput(host: BenchHost, { mebibytes, terminal }: Writing, use: (output: Output) => Promise<number[]>): Promise<number[]> {
  const name = join(host.directory, host.name('io'));
  const [stdout, stderr] = [`${name}.out`, `${name}.err`];
  for (const path of [stdout, stderr]) mkfifo(path, 0o600);
  const keeperFd = openSync(stdout, O_RDWR | O_NONBLOCK);
  const copying = terminal ? undefined : copyByCat(host, stdout, keeperFd);
  const reading = readAway(host, openSync(terminal ? stdout : stderr, O_RDWR | O_NONBLOCK));
  const said = Promise.all([reading, copying]).then(([{ firstMs, lastMs }, copy]) => [speed(mebibytes, lastMs - (copy?.firstMs ?? firstMs))]);
  const values = await use({ stdout, stderr, said });
  closeSync(keeperFd);
  await (await copying)?.ended;
  for (const path of [stdout, stderr]) rmSync(path);
  return values;
}

/** Waits for the first byte, and leaves it and the rest to `cat`, which ends when the last writer does. */
function copyByCat(host: BenchHost, path: string, keeperFd: number): Promise<{ readonly firstMs: number; readonly ended: Promise<unknown> }> {
  return new Promise((resolve) => {
    const watch = host.poller.watch(keeperFd, { in: true }, () => {
      watch.close();
      const firstMs = performance.now();
      const fds = { stdin: openSync(path, O_RDONLY), stdout: openSync('/dev/null', O_WRONLY) };
      const cat = host.reaper.spawn({ file: 'cat', args: [], ...fds });
      for (const fd of Object.values(fds)) closeSync(fd);
      resolve({ firstMs, ended: cat.exited });
    });
  });
}

/** Reads until dd has said that it is done, and says when the first and the last of it came. Closes the descriptor. */
function readAway(host: BenchHost, fd: number): Promise<{ readonly firstMs: number; readonly lastMs: number }> {
  const buffer = Buffer.allocUnsafe(128 * 1024);
  let end = '';
  let firstMs: number | undefined;
  return new Promise((resolve) => {
    const watch = host.poller.watch(fd, { in: true }, () => {
      const got = readSome(fd, buffer);
      if (got === 'again') return;
      firstMs ??= performance.now();
      if (typeof got === 'number') end = (end + buffer.toString('latin1', Math.max(0, got - 100), got)).slice(-200);
      if (typeof got === 'number' && !end.includes('records out')) return;
      watch.close();
      closeSync(fd);
      resolve({ firstMs, lastMs: performance.now() });
    });
  });
}

function speed(mebibytes: number, ms: number): number {
  return (mebibytes * 1.048576 * 1000) / ms;
}
