import { closeSync, constants, mkdtempSync, openSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { type Copiers, FileCopy } from '../../../../src/shim/stdio/file-copy';

/** A file that takes nothing for so long is one that hangs. */
const stallMs = 10;

describe('what a process has written, and its copier does not take', () => {
  let dir: string;
  let copy: FileCopy;
  let endFd: number;
  /** How often somebody wanted to know whether the copier is there. */
  let asked: number;

  /** @param absences how many times it is not */
  function make(absences: number): void {
    const copiers: Copiers = {
      submit: () => undefined,
      flush: () => new Promise(() => undefined),
      isAtWork: () => ++asked > absences,
      drop: () => undefined,
    };
    ({ copy, endFd } = FileCopy.make(copiers, { dir, name: 'stdout', about: 'x' }, openSync(join(dir, 'file'), constants.O_RDONLY), 0));
    writeSync(endFd, 'last words');
  }

  beforeEach(() => {
    asked = 0;
    dir = mkdtempSync(join(tmpdir(), 'holdfast-copy-'));
    writeFileSync(join(dir, 'file'), '');
  });
  afterEach(() => {
    closeSync(endFd);
    copy.over();
    rmSync(dir, { recursive: true });
  });

  test('is waited for once where the copier is there: its file hangs', async () => {
    make(0);
    await copy.flush(stallMs);
    expect(asked).toBe(1);
  });

  test('is waited for until a copier that has died is there again, and once more', async () => {
    make(3);
    await copy.flush(stallMs);
    expect(asked).toBe(4);
  });

  test('is waited for no longer where no copier comes', async () => {
    make(Infinity);
    await copy.flush(stallMs);
    expect(asked).toBe(10);
  });
});
