import { closeSync, constants, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { InputPipe } from '../../../../src/shim/stdio/input-pipe';
import { reopen } from '../../../../src/shim/stdio/stdio-path';
import { readSome } from '../../../../src/sys/files/files';
import { Poller } from '../../../../src/sys/poller';
import { makeFifo } from '../../../support/fifo';
import { countDescriptors } from '../../sys/resources';

/** What a pipe holds, whatever the size of the writes. */
const FULL_BYTES = 65_536;

describe('a stdin that comes through a pipe', () => {
  let directory: string;
  let poller: Poller;
  let errors: unknown[];
  let input: InputPipe;
  /** The client's end and the process's, non-blocking. */
  let clientFd: number;
  let processFd: number;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-input-'));
    errors = [];
    poller = new Poller((error) => errors.push(error));
    poller.ref();
    makeFifo(join(directory, 'stdin'));
    const keeperFd = openSync(join(directory, 'stdin'), constants.O_RDWR | constants.O_NONBLOCK);
    clientFd = openSync(join(directory, 'stdin'), constants.O_WRONLY | constants.O_NONBLOCK);
    const made = InputPipe.make({ poller, onError: (error) => errors.push(error) }, keeperFd);
    input = made.input;
    processFd = reopen(made.endFd, constants.O_RDONLY | constants.O_NONBLOCK);
    closeSync(made.endFd);
  });

  afterEach(() => {
    input.close();
    closeSync(processFd);
    poller.close();
    rmSync(directory, { recursive: true });
    expect(errors).toEqual([]);
  });

  /** All that is there, or what says that nothing is. */
  function read(): string {
    const buffer = Buffer.alloc(2 * FULL_BYTES);
    const count = readSome(processFd, buffer);
    return typeof count === 'number' ? buffer.toString('latin1', 0, count) : count;
  }

  async function untilRead(expected: string | number): Promise<void> {
    await new Promise<void>((resolve) => {
      let got = '';
      const watch = poller.watch(processFd, { in: true }, () => {
        got += read();
        if (typeof expected === 'number' ? got.length < expected : !got.includes(expected)) return;
        watch.close();
        resolve();
      });
    });
  }

  test('goes on while clients come and go, and ends once it was closed and the last client has gone', async () => {
    writeSync(clientFd, 'one');
    await untilRead('one');
    closeSync(clientFd);
    expect(read()).toBe('again');
    clientFd = openSync(join(directory, 'stdin'), constants.O_WRONLY | constants.O_NONBLOCK);
    input.closeStdin();
    writeSync(clientFd, 'two');
    await untilRead('two');
    expect(input.end).toBeDefined();
    closeSync(clientFd);
    await input.ended;
    expect(input.end).toBeUndefined();
    expect(read()).toBe('end');
  });

  test('ends at once where the client has gone before it was closed', async () => {
    closeSync(clientFd);
    input.closeStdin();
    await input.ended;
    expect(read()).toBe('end');
  });

  test('ends behind a pipe that nobody reads, and waits for room where more is left', async () => {
    writeSync(clientFd, Buffer.alloc(FULL_BYTES));
    // Only once there is room again can this be written.
    await new Promise<void>((resolve) => {
      const watch = poller.watch(clientFd, { out: true }, () => {
        watch.close();
        resolve();
      });
    });
    writeSync(clientFd, 'rest');
    input.closeStdin();
    closeSync(clientFd);
    await untilRead(FULL_BYTES + 4);
    await input.ended;
    expect(read()).toBe('end');
  });

  test('ends behind a pipe that nobody reads and that is full to the last byte', async () => {
    writeSync(clientFd, Buffer.alloc(FULL_BYTES));
    await new Promise<void>((resolve) => {
      const watch = poller.watch(processFd, { in: true }, () => {
        watch.close();
        resolve();
      });
    });
    input.closeStdin();
    closeSync(clientFd);
    await input.ended;
    await untilRead(FULL_BYTES);
    expect(read()).toBe('end');
  });

  test('is over where the process has closed its own', async () => {
    closeSync(processFd);
    processFd = openSync('/dev/null', constants.O_RDONLY);
    writeSync(clientFd, 'nobody reads it');
    await input.ended;
    closeSync(clientFd);
  });

  test('leaves no descriptor open', async () => {
    const before = await countDescriptors();
    input.close();
    input.close();
    await input.ended;
    expect(await countDescriptors()).toBe(before - 2);
    closeSync(clientFd);
  });
});
