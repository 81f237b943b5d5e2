import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Lingering } from '../../../src/shim/lingering';
import { within } from '../../support/deadline';
import { FifoReader, makeFifo } from '../../support/fifo';

describe('lingering output', () => {
  let directory: string;
  let path: string;
  let keeperFd: number;
  let lingering: Lingering;
  let emptied: Promise<void>;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-linger-'));
    path = join(directory, 'fifo');
    makeFifo(path);
    keeperFd = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    emptied = new Promise((resolve) => {
      lingering = new Lingering(resolve);
    });
  });

  afterEach(() => {
    lingering.close();
    rmSync(directory, { recursive: true });
  });

  test('is none where all has been read: the FIFO ends at once', async () => {
    const reader = new FifoReader(path);
    lingering.addKeeper(keeperFd);
    expect(lingering.size).toBe(0);
    expect(await reader.untilEnd()).toBe('');
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

  test('goes when it is told to', () => {
    writeSync(keeperFd, 'unread');
    lingering.addKeeper(keeperFd);
    lingering.close();
    expect(lingering.size).toBe(0);
    expect(() => closeSync(keeperFd)).toThrow(/EBADF/);
  });
});
