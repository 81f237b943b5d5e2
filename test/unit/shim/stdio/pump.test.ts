import { closeSync, constants, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Pump } from '../../../../src/shim/stdio/pump';
import { setPipeSize, unreadBytes, writeSome } from '../../../../src/sys/files/files';
import { Poller } from '../../../../src/sys/poller';
import { FifoReader, makeFifo } from '../../../support/fifo';

const BOTH = constants.O_RDWR | constants.O_NONBLOCK;

/** A pump from one FIFO to another, and the test's hands on both. */
class Bench {
  readonly directory = mkdtempSync(join(tmpdir(), 'holdfast-pump-'));
  readonly errors: unknown[] = [];
  readonly poller = new Poller((error) => this.errors.push(error));
  readonly ended: Promise<void>;
  readonly onEnd: () => void;
  readonly fds: number[] = [];

  constructor() {
    let tell: () => void = () => undefined;
    this.ended = new Promise((resolve) => {
      tell = resolve;
    });
    this.onEnd = tell;
    this.poller.ref();
  }

  fifo(name: string): string {
    const path = join(this.directory, name);
    makeFifo(path);
    return path;
  }

  open(path: string, flags: number): number {
    const fd = openSync(path, flags);
    this.fds.push(fd);
    return fd;
  }

  pump(fromFd: number, toFd: number): Pump {
    const onError = (error: unknown): void => void this.errors.push(error);
    return new Pump(this.poller, { fromFd, toFd, buffer: Buffer.alloc(4096), onEnd: this.onEnd, onError });
  }

  close(): void {
    this.poller.close();
    for (const fd of this.fds) closeSync(fd);
    rmSync(this.directory, { recursive: true });
  }
}

/** Fills what a FIFO holds with numbered lines. */
function fill(fd: number, mark = ''): string {
  const text = Array.from({ length: 20_000 }, (_, index) => `${mark}${index}\n`).join('');
  const written = writeSome(fd, Buffer.from(text), 0, text.length);
  return text.slice(0, Number(written));
}

describe('a pump', () => {
  let bench: Bench;

  beforeEach(() => {
    bench = new Bench();
  });

  afterEach(() => {
    bench.close();
  });

  test('copies all in order, and ends with its source', async () => {
    const [from, to] = [bench.fifo('from'), bench.fifo('to')];
    const readFd = bench.open(from, constants.O_RDONLY | constants.O_NONBLOCK);
    const writeFd = openSync(from, constants.O_WRONLY | constants.O_NONBLOCK);
    const toFd = openSync(to, BOTH);
    const reader = new FifoReader(to);
    bench.pump(readFd, toFd);
    const sent = fill(writeFd);
    closeSync(writeFd);
    await bench.ended;
    closeSync(toFd);
    expect(await reader.untilEnd()).toBe(sent);
    expect(bench.errors).toEqual([]);
  });

  test('does not read on while nobody takes anything, and goes on when somebody does', async () => {
    const [from, to] = [bench.fifo('from'), bench.fifo('to')];
    const fromFd = bench.open(from, BOTH);
    const toFd = bench.open(to, BOTH);
    let sent = fill(toFd, 'a');
    const pump = bench.pump(fromFd, toFd);
    sent += fill(fromFd, 'b');
    // A stalled reader: the drain gives up, and all is still there.
    await pump.drain(20);
    expect(pump.ended).toBe(false);
    expect(unreadBytes(fromFd)).toBeGreaterThan(50_000);
    const reader = new FifoReader(to);
    await reader.until(sent.slice(-20));
    expect(reader.text() === sent).toBe(true);
    reader.close();
    pump.close();
  });

  test('drains at once when there is nothing', async () => {
    const pump = bench.pump(bench.open(bench.fifo('from'), BOTH), bench.open(bench.fifo('to'), BOTH));
    await pump.drain(60_000);
    expect(pump.ended).toBe(false);
    pump.close();
    await pump.drain(60_000);
  });

  test('ends when nobody can read any more', async () => {
    const to = bench.fifo('to');
    const readFd = openSync(to, constants.O_RDONLY | constants.O_NONBLOCK);
    const toFd = bench.open(to, constants.O_WRONLY | constants.O_NONBLOCK);
    closeSync(readFd);
    const fromFd = bench.open(bench.fifo('from'), BOTH);
    bench.pump(fromFd, toFd);
    fill(fromFd);
    await bench.ended;
  });

  test('takes a plain file for a source, and for a sink', async () => {
    const source = join(bench.directory, 'source');
    const sink = join(bench.directory, 'sink');
    const content = 'line\n'.repeat(10_000);
    writeFileSync(source, content);
    writeFileSync(sink, '');
    const fifo = bench.fifo('between');
    const fifoFd = bench.open(fifo, BOTH);
    const first = bench.pump(bench.open(source, constants.O_RDONLY), fifoFd);
    const readFd = bench.open(fifo, constants.O_RDONLY | constants.O_NONBLOCK);
    await bench.ended;
    const second = bench.pump(readFd, bench.open(sink, constants.O_WRONLY | constants.O_APPEND));
    await second.drain(1000);
    expect(readFileSync(sink, 'utf8')).toBe(content);
    first.close();
    second.close();
  });

  test('goes on where another descriptor takes the place of one', async () => {
    const to = bench.fifo('to');
    const fromFd = bench.open(bench.fifo('from'), BOTH);
    const pump = bench.pump(fromFd, bench.open(to, BOTH));
    const otherFd = bench.open(bench.fifo('other'), BOTH);
    writeSome(otherFd, Buffer.from('from the other\n'), 0, 15);
    pump.replace({ fromFd: otherFd });
    const reader = new FifoReader(to);
    await reader.until('from the other\n');
    reader.close();
    pump.close();
  });

  test('lets everybody else have a turn, however much comes', async () => {
    // A clock by which each look at it takes a tenth of a millisecond.
    let nowMs = 0;
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => (nowMs += 0.1));
    const [from, to] = [bench.fifo('from'), bench.fifo('to')];
    const writeFd = bench.open(from, BOTH);
    const readFd = bench.open(from, constants.O_RDONLY | constants.O_NONBLOCK);
    const toFd = bench.open(to, BOTH);
    for (const fd of [writeFd, toFd]) setPipeSize(fd, 1024 * 1024);
    const length = fill(writeFd).length;
    const pump = bench.pump(readFd, toFd);
    let turns = 0;
    while (pump.copiedBytes < length) {
      await new Promise((resolve) => setImmediate(resolve));
      turns += 1;
    }
    clock.mockRestore();
    pump.close();
    // Of 4 KiB each read: at most a handful a turn.
    expect(turns).toBeGreaterThan(length / (5 * 4096));
  });
});
