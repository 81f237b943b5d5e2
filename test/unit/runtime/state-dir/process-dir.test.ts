import { execFileSync } from 'node:child_process';
import { chmodSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import {
  appendShimLog,
  isStdinClosed,
  lastRuntimeError,
  lastShimError,
  makeFifos,
  markStdinClosed,
  readExitStatus,
  readPid,
  readStarttime,
  writeExitStatus,
  writeStarttime,
} from '../../../../src/runtime/state-dir/process-dir';
import { thrownBy, useScratch } from '../scratch';

describe('a process’s directory', () => {
  const scratch = useScratch();
  const put = (name: string, content: string): void => {
    writeFileSync(join(scratch(), name), content);
  };

  test('nothing is known of a process in an empty one', () => {
    expect([readPid, readStarttime, readExitStatus, isStdinClosed, lastShimError, lastRuntimeError].map((read) => read(scratch()))).toEqual([
      undefined, undefined, undefined, false, undefined, undefined,
    ]);
  });

  test('what is written is plain decimals without an end of line', () => {
    writeStarttime(scratch(), '18446744073709551615');
    writeExitStatus(scratch(), 137);
    expect(readFileSync(join(scratch(), 'starttime'), 'latin1')).toBe('18446744073709551615');
    expect(readFileSync(join(scratch(), 'exitStatus'), 'latin1')).toBe('137');
    expect([readStarttime(scratch()), readExitStatus(scratch())]).toEqual(['18446744073709551615', 137]);
  });

  test('an empty file is as good as none, an end of line does no harm', () => {
    put('exitStatus', '');
    put('pid', '4711\n');
    expect([readExitStatus(scratch()), readPid(scratch())]).toEqual([undefined, 4711]);
  });

  test.each([
    ['pid', '0', readPid],
    ['pid', '-1', readPid],
    ['pid', '4194305', readPid],
    ['pid', '\0\0\0\0', readPid],
    ['pid', '1'.repeat(65), readPid],
    ['exitStatus', '256', readExitStatus],
    ['exitStatus', '0x1', readExitStatus],
    ['starttime', '12 34', readStarttime],
  ])('%s of %j is an error that names the file', (name, content, read) => {
    put(name, content);
    expect(thrownBy(() => read(scratch()))).toMatchObject({
      code: 'bad-file',
      message: expect.stringContaining(join(scratch(), name)) as string,
    });
  });

  test('a FIFO in place of a file holds nobody up', () => {
    execFileSync('mkfifo', ['pid', 'log.json'], { cwd: scratch() });
    expect(thrownBy(() => readPid(scratch()))).toMatchObject({ code: 'bad-file' });
    expect(lastRuntimeError(scratch())).toBeUndefined();
  });

  test('both FIFOs are made, once', () => {
    makeFifos(scratch());
    makeFifos(scratch());
    for (const name of ['exit', 'control']) {
      const stat = lstatSync(join(scratch(), name));
      expect([stat.isFIFO(), stat.mode & 0o777]).toEqual([true, 0o600]);
    }
  });

  test('something else of a FIFO’s name is not taken for it', () => {
    put('exit', '');
    expect(thrownBy(() => makeFifos(scratch()))).toMatchObject({ code: 'bad-file', message: expect.stringMatching(/exit: not a FIFO/) as string });
  });

  test('a closed stdin is remembered', () => {
    markStdinClosed(scratch());
    markStdinClosed(scratch());
    expect(isStdinClosed(scratch())).toBe(true);
  });

  test('the shim’s errors are appended, and the last one told', () => {
    appendShimLog(scratch(), 'first');
    appendShimLog(scratch(), 'second "quoted"\nline');
    expect(readFileSync(join(scratch(), 'shim-log.json'), 'utf8')).toBe(
      '{"level":"error","msg":"first"}\n{"level":"error","msg":"second \\"quoted\\"\\nline"}\n',
    );
    expect(lastShimError(scratch())).toBe('second "quoted"\nline');
  });

  test('an unreadable one is an error, not a process without a pid', () => {
    put('pid', '1');
    chmodSync(join(scratch(), 'pid'), 0);
    // Root reads it all the same.
    if (process.getuid?.() !== 0) expect(thrownBy(() => readPid(scratch()))).toMatchObject({ code: 'bad-file' });
    else expect(readPid(scratch())).toBe(1);
  });
});
