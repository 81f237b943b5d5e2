import { closeSync, constants, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';

import { pipeSize, setPipeSize } from '../../src/sys/files/files';
import { ClientStdio } from '../support/client-stdio';
import { failureOf } from '../support/failure';
import { FifoReader, FifoWriter } from '../support/fifo';
import { describeOnHost, realContainers } from '../support/requires';
import { SharedHost } from '../support/shared-host';
import type { TestHost } from '../support/test-host';

/** Answers each line that it reads; ends with 3 at the end of its input. */
const answering = ['sh', '-c', 'while read line; do echo "got $line"; done; exit 3'];

describeOnHost('stdio', realContainers, () => {
  const shared = new SharedHost();
  let host: TestHost;
  beforeEach(async () => {
    host = await shared.take();
  });
  afterEach(() => shared.giveBack());
  afterAll(() => shared.close());

  /** To be called when the client has closed its own end, or never had one: else the input does not end. */
  const closeStdin = (id: string) => host.client.updateProcess({ id, pid: 'init', closeStdin: true });

  test('FIFOs carry all three streams, each to its end', async () => {
    const events = await host.events();
    const stdio = host.stdio('three');
    await host.create('three', { args: ['sh', '-c', 'cat; echo oops >&2'] }, stdio.paths);
    await stdio.stdin.write('hello\n');
    await stdio.stdout.until('hello\n');
    stdio.stdin.close();
    await closeStdin('three');
    expect((await events.untilExit('three')).status).toBe(0);
    expect(await stdio.stdout.untilEnd()).toBe('hello\n');
    expect(await stdio.stderr.untilEnd()).toBe('oops\n');
  });

  test('plain files do as well', async () => {
    const events = await host.events();
    const paths = { stdin: host.own('in'), stdout: host.own('out'), stderr: host.own('err') };
    writeFileSync(paths.stdin, 'from a file\n');
    writeFileSync(paths.stdout, '');
    writeFileSync(paths.stderr, '');
    await host.create('files', { args: ['sh', '-c', 'cat; echo oops >&2'] }, paths);
    await events.untilExit('files');
    expect(readFileSync(paths.stdout, 'utf8')).toBe('from a file\n');
    expect(readFileSync(paths.stderr, 'utf8')).toBe('oops\n');
  });

  test.each([
    ['no path', ''],
    ['its path', '/dev/null'],
  ])('the null device, given as %s, swallows output and has none', async (_title, path) => {
    const events = await host.events();
    const script = 'echo lost; echo lost >&2; [ -z "$(cat)" ] && exit 4';
    await host.create('null', { args: ['sh', '-c', script] }, { stdin: path, stdout: path, stderr: path });
    expect((await events.untilExit('null')).status).toBe(4);
  });

  test('FIFOs that are not there are made', async () => {
    const events = await host.events();
    const directory = host.own('made');
    mkdirSync(directory);
    const paths = { stdin: `${directory}/0`, stdout: `${directory}/1`, stderr: `${directory}/2` };
    await host.create('made', { args: answering }, paths);
    const stdin = new FifoWriter(paths.stdin);
    const stdout = new FifoReader(paths.stdout);
    await stdin.write('this\n');
    await stdout.until('got this\n');
    stdin.close();
    await closeStdin('made');
    expect((await events.untilExit('made')).status).toBe(3);
    expect(await stdout.untilEnd()).toBe('got this\n');
  });

  test('a reader that comes late gets everything', async () => {
    const stdio = new ClientStdio(host.own('late'), false);
    await host.create('late', { args: ['sh', '-c', 'echo early; exec sleep 1000'] }, stdio.paths);
    stdio.open();
    expect(await stdio.stdout.until('early\n')).toBe('early\n');
    await host.end();
    expect(await stdio.stdout.untilEnd()).toBe('early\n');
    stdio.close();
  });

  test('a reader that comes after the end gets everything, and then the end', async () => {
    const events = await host.events();
    const stdio = new ClientStdio(host.own('after'), false);
    await host.create('after', { args: ['sh', '-c', 'echo said; echo shouted >&2'] }, stdio.paths);
    await events.untilExit('after');
    stdio.open();
    expect(await stdio.stdout.untilEnd()).toBe('said\n');
    expect(await stdio.stderr.untilEnd()).toBe('shouted\n');
    stdio.close();
  });

  test('a client that closes its ends and returns misses nothing, and ends nothing', async () => {
    const events = await host.events();
    const stdio = host.stdio('return');
    await host.create('return', { args: answering }, stdio.paths);
    await stdio.stdin.write('one\n');
    await stdio.stdout.until('got one\n');
    await stdio.stdin.write('two\n');
    stdio.close();
    const again = new FifoWriter(stdio.paths.stdin);
    await again.write('three\n');
    again.close();
    stdio.open();
    await stdio.stdin.write('four\n');
    const before = 'got one\n';
    const rest = await stdio.stdout.until('got four\n');
    // Where "two" was answered before the reader had gone, the first reader took it.
    expect([`got two\ngot three\ngot four\n`, `got three\ngot four\n`]).toContain(rest.replace(before, ''));
    stdio.stdin.close();
    await closeStdin('return');
    expect((await events.untilExit('return')).status).toBe(3);
  });

  test('outputs hold more than a pipe usually does, and as much as the client has made them hold', async () => {
    const stdio = host.stdio('sizes');
    const fds = [stdio.paths.stdout, stdio.paths.stderr].map((path) => openSync(path, constants.O_RDWR | constants.O_NONBLOCK));
    const [outFd = -1, errFd = -1] = fds;
    try {
      expect(pipeSize(outFd)).toBe(65_536);
      setPipeSize(errFd, 524_288);
      await host.create('sizes', { args: ['sleep', '1000'] }, stdio.paths);
      expect([pipeSize(outFd), pipeSize(errFd)]).toEqual([262_144, 524_288]);
    } finally {
      for (const fd of fds) closeSync(fd);
    }
    await host.end();
  });

  test('without a reader the container waits at the full pipe, and no byte of a megabyte is lost', async () => {
    const events = await host.events();
    const stdio = new ClientStdio(host.own('full'), false);
    await host.create('full', { args: ['sh', '-c', 'seq 1 160000; exit 8'] }, stdio.paths);
    expect((await host.client.state('full')).containers[0]?.status).toBe('running');
    stdio.open();
    expect((await events.untilExit('full')).status).toBe(8);
    const expected = Array.from({ length: 160_000 }, (_, index) => `${String(index + 1)}\n`).join('');
    expect((await stdio.stdout.untilEnd()) === expected).toBe(true);
    stdio.close();
  });

  test('closing stdin twice is all right; after the end it is an error that disturbs nothing', async () => {
    const events = await host.events();
    const stdio = host.stdio('twice');
    await host.create('twice', { args: ['sh', '-c', 'cat; exec sleep 1000'] }, stdio.paths);
    await closeStdin('twice');
    await closeStdin('twice');
    await host.end();
    await events.untilExit('twice');
    expect((await failureOf(closeStdin('twice'))).details).toBe('containerd: container not found');
    expect(await host.client.isServing()).toBe(true);
  });

  test('stdin closed at once after the answer, with bytes in it: they are read first', async () => {
    const events = await host.events();
    const stdio = host.stdio('bytes');
    await stdio.stdin.write('waiting since before the start\n');
    await host.create('bytes', { args: answering }, stdio.paths);
    stdio.stdin.close();
    await closeStdin('bytes');
    expect((await events.untilExit('bytes')).status).toBe(3);
    expect(await stdio.stdout.untilEnd()).toBe('got waiting since before the start\n');
  });
});
