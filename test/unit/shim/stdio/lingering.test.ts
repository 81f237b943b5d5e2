import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Lingering } from '../../../../src/shim/stdio/lingering';
import { unreadAside } from '../../../../src/sys/files/aside';
import { within } from '../../../support/deadline';
import { FifoReader, makeFifo } from '../../../support/fifo';
import { isOpen } from '../../sys/resources';

/** Another thread does it. */
async function untilClosed(fd: number): Promise<void> {
  const closed = async (): Promise<void> => {
    while (isOpen(fd)) await new Promise(setImmediate);
  };
  await within(closed(), `descriptor ${String(fd)} to be closed`);
}

describe('lingering output', () => {
  let directory: string;
  let path: string;
  let keeperFd: number;
  let lingering: Lingering;
  let emptied: Promise<void>;
  let givenUp: string[];

  /** Time that is faked, with the answers of other threads, which is not. */
  const pass = async (forMs: number): Promise<void> => {
    for (let passedMs = 0; passedMs < forMs; passedMs += 50) {
      await jest.advanceTimersByTimeAsync(50);
      // Each of as many threads as there are has answered what it was asked before.
      await Promise.all(Array.from({ length: 8 }, () => unreadAside(keeperFd)));
    }
  };

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-linger-'));
    path = join(directory, 'fifo');
    makeFifo(path);
    keeperFd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    givenUp = [];
    emptied = new Promise((resolve) => {
      lingering = new Lingering({ onEmpty: resolve, onGivenUp: (why) => givenUp.push(why), patienceMs: 500, most: 2 });
    });
  });

  afterEach(() => {
    lingering.close();
    jest.useRealTimers();
    rmSync(directory, { recursive: true });
  });

  test('is none where all has been read: the FIFO ends at once', async () => {
    const reader = new FifoReader(path);
    lingering.addKeeper(keeperFd);
    expect(await reader.untilEnd()).toBe('');
    expect(lingering.size).toBe(0);
  });

  test('waits for a late reader, who gets it and then the end', async () => {
    writeSync(keeperFd, 'unread');
    lingering.addKeeper(keeperFd);
    expect(lingering.size).toBe(1);
    const reader = new FifoReader(path);
    expect(await reader.untilEnd()).toBe('unread');
    await within(emptied, 'nothing to linger');
    expect(lingering.size).toBe(0);
  });

  test('goes with its FIFO', async () => {
    writeSync(keeperFd, 'unread');
    lingering.addKeeper(keeperFd);
    rmSync(path);
    await within(emptied, 'nothing to linger');
  });

  test('goes when it is told to', async () => {
    writeSync(keeperFd, 'unread');
    lingering.addKeeper(keeperFd);
    lingering.close();
    expect(lingering.size).toBe(0);
    await untilClosed(keeperFd);
  });

  test('is given up where nobody comes', async () => {
    writeSync(keeperFd, 'unread');
    lingering.addKeeper(keeperFd);
    await within(emptied, 'the end of patience');
    expect(givenUp).toEqual(['nobody has read any of it for 0.5 s']);
    await untilClosed(keeperFd);
  });

  test('waits anew for a slow reader, however long it takes in all', async () => {
    jest.useFakeTimers({ doNotFake: ['setImmediate', 'nextTick', 'queueMicrotask'] });
    writeSync(keeperFd, 'abcd');
    lingering.addKeeper(keeperFd);
    const readFd = openSync(path, constants.O_RDONLY);
    const byte = Buffer.alloc(1);
    // Each of the reads comes well within the patience, their sum does not.
    for (let count = 0; count < 3; count += 1) {
      await pass(300);
      readSync(readFd, byte);
    }
    expect(lingering.size).toBe(1);
    expect(givenUp).toEqual([]);
    readSync(readFd, byte);
    closeSync(readFd);
    await pass(300);
    await emptied;
    expect(givenUp).toEqual([]);
  });

  test('is bounded: the oldest goes first', async () => {
    const paths = [path, join(directory, 'second'), join(directory, 'third')];
    for (const [index, one] of paths.entries()) {
      if (index > 0) makeFifo(one);
      const fd = index === 0 ? keeperFd : openSync(one, constants.O_RDWR | constants.O_NONBLOCK);
      writeSync(fd, String(index));
      lingering.addKeeper(fd);
    }
    expect(lingering.size).toBe(2);
    expect(givenUp).toEqual(['2 others wait']);
    expect(await new FifoReader(paths[2] ?? '').untilEnd()).toBe('2');
  });
});
