import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { FifoReader, FifoWriter, hasReader, makeFifo } from '../../support/fifo';

describe('the ends of a FIFO', () => {
  let directory: string;
  let path: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-fifo-'));
    path = join(directory, 'fifo');
    makeFifo(path);
  });
  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  test('a reader that is there before any writer sees no end until the writer has come and gone', async () => {
    const reader = new FifoReader(path);
    const writerFd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(writerFd, 'first');
    expect(await reader.until('first')).toBe('first');
    writeSync(writerFd, ' and last');
    closeSync(writerFd);
    expect(await reader.untilEnd()).toBe('first and last');
  });

  test('a late reader gets what a keeper of both ends holds, and the end when it lets go', async () => {
    const keeperFd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    writeSync(keeperFd, 'unread');
    const reader = new FifoReader(path);
    expect(await reader.until('unread')).toBe('unread');
    closeSync(keeperFd);
    expect(await reader.untilEnd()).toBe('unread');
  });

  test('a writer needs no reader, and takes nothing away from one that comes later', async () => {
    const writer = new FifoWriter(path);
    await writer.write('early');
    const reader = new FifoReader(path);
    expect(await reader.until('early')).toBe('early');
    writer.close();
    expect(await reader.untilEnd()).toBe('early');
  });

  test('hasReader tells whether anyone reads', () => {
    expect(hasReader(path)).toBe(false);
    const reader = new FifoReader(path);
    expect(hasReader(path)).toBe(true);
    reader.close();
  });

  test('a deadline names what was awaited and what came', async () => {
    const writer = new FifoWriter(path);
    const reader = new FifoReader(path);
    await writer.write('something else');
    await reader.until('else');
    await expect(reader.until('expected', 20)).rejects.toThrow(/"expected" from .*fifo; read: "something else"/);
    reader.close();
    writer.close();
  });
});
