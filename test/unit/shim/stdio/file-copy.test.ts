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
  let asked = 0;

  /** @param answers which one that is, by turns; the last one from then on */
  function make(...answers: readonly (number | undefined)[]): void {
    const copiers: Copiers = {
      submit: () => undefined,
      flush: () => new Promise(() => undefined),
      atWork: () => answers[Math.min(asked++, answers.length - 1)],
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

  // Asked at the beginning of each wait, and once before the first.
  test.each([
    ['once where the copier is there all the time: its file hangs', [1], 3],
    ['once more where it has died', [1, 1, undefined, undefined, 2, 2], 6],
    ['once more where another one has its place already', [1, 1, 2, 2], 4],
    ['so many times where no copier comes', [undefined], 12],
  ] as const)('is waited for %s', async (_, answers, times) => {
    make(...answers);
    await copy.flush(stallMs);
    expect(asked).toBe(times);
  });
});
