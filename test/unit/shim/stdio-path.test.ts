import { closeSync, constants, fstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { closeStdioPath, enlarge, openStdioPath, reopen } from '../../../src/shim/stdio-path';
import { pipeSize } from '../../../src/sys/files';
import { makeFifo } from '../../support/fifo';

/** The status flags of one of our descriptors (proc_pid_fdinfo(5)). */
function flagsOf(fd: number): number {
  const line = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
  return parseInt(line?.[1] ?? '', 8);
}

describe('a stdio path', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'holdfast-stdio-'));
  });

  afterEach(() => {
    rmSync(directory, { recursive: true });
  });

  test('that is a FIFO is held at both ends, and what is passed on goes one way and blocks', () => {
    const path = join(directory, 'fifo');
    makeFifo(path);
    const opened = openStdioPath(path, 'output', { create: false });
    if (opened.kind !== 'fifo') throw new Error(opened.kind);
    expect(flagsOf(opened.keeperFd) & (constants.O_RDWR | constants.O_NONBLOCK)).toBe(constants.O_RDWR | constants.O_NONBLOCK);
    const passedFd = reopen(opened.keeperFd, constants.O_WRONLY);
    expect(flagsOf(passedFd) & (constants.O_WRONLY | constants.O_RDWR | constants.O_NONBLOCK)).toBe(constants.O_WRONLY);
    closeSync(passedFd);
    closeStdioPath(opened);
  });

  test('that is a FIFO is made to hold more, never less, and nothing else is harmed', () => {
    const path = join(directory, 'fifo');
    makeFifo(path);
    const opened = openStdioPath(path, 'output', { create: false });
    if (opened.kind !== 'fifo') throw new Error(opened.kind);
    enlarge(opened.keeperFd, 262_144);
    expect(pipeSize(opened.keeperFd)).toBe(262_144);
    enlarge(opened.keeperFd, 65_536);
    expect(pipeSize(opened.keeperFd)).toBe(262_144);
    // More than a pipe can ever hold: refused, and nothing has changed.
    enlarge(opened.keeperFd, 0xffff_ffff);
    expect(pipeSize(opened.keeperFd)).toBe(262_144);
    closeStdioPath(opened);
  });

  test('where nothing is becomes a FIFO, or nothing', () => {
    const path = join(directory, 'new');
    expect(openStdioPath(path, 'input', { create: false })).toEqual({ kind: 'null' });
    const opened = openStdioPath(path, 'input', { create: true });
    if (opened.kind !== 'fifo') throw new Error(opened.kind);
    expect(fstatSync(opened.keeperFd).mode & 0o777).toBe(0o600);
    closeStdioPath(opened);
  });

  test('that is a file is appended to', () => {
    const path = join(directory, 'file');
    writeFileSync(path, 'before\n');
    const opened = openStdioPath(path, 'output', { create: true });
    if (opened.kind !== 'file') throw new Error(opened.kind);
    writeSync(opened.fd, 'after\n');
    closeStdioPath(opened);
    expect(readFileSync(path, 'utf8')).toBe('before\nafter\n');
  });

  test('that is empty or a device needs no FIFO', () => {
    expect(openStdioPath('', 'input', { create: true })).toEqual({ kind: 'null' });
    const opened = openStdioPath('/dev/null', 'input', { create: true });
    expect(opened.kind).toBe('file');
    closeStdioPath(opened);
  });

  test('that is a directory, or below nothing, is an error with its name', () => {
    mkdirSync(join(directory, 'dir'));
    expect(() => openStdioPath(join(directory, 'dir'), 'input', { create: true })).toThrow(`${directory}/dir is neither`);
    expect(() => openStdioPath(join(directory, 'none', 'fifo'), 'input', { create: true })).toThrow(`${directory}/none/fifo`);
  });
});
