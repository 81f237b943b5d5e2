import { constants, fstatSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { type StdioAsked, closeStdio, openStdio, openStdioAtOnce } from '../../../../src/runtime/foreign/stdio';
import { enlarge } from '../../../../src/shim/stdio/stdio-path';
import { O_PATH } from '../../../../src/sys/files/cached-name';
import { pipeSize } from '../../../../src/sys/files/files';
import { makeFifo } from '../../../support/fifo';

/** The status flags of one of our descriptors (proc_pid_fdinfo(5)). */
function flagsOf(fd: number): number {
  const line = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'));
  return parseInt(line?.[1] ?? '', 8);
}

/** As this program does it, where it does not send its hands. */
const atOnce = (asked: StdioAsked) => openStdioAtOnce(asked) ?? openStdio(asked);

describe.each([['at once', atOnce], ['by a hand', openStdio]])('a stdio path, opened %s', (_, open) => {
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
    const opened = open({ path, direction: 'output', ifAbsent: 'null', end: 'blocking' });
    if (opened.kind !== 'fifo' || opened.endFd === undefined) throw new Error(opened.kind);
    expect(flagsOf(opened.keeperFd) & (constants.O_RDWR | constants.O_NONBLOCK)).toBe(constants.O_RDWR | constants.O_NONBLOCK);
    expect(flagsOf(opened.endFd) & (constants.O_WRONLY | constants.O_RDWR | constants.O_NONBLOCK)).toBe(constants.O_WRONLY);
    closeStdio(opened);
  });

  test('that is a FIFO is made to hold more, never less, and nothing else is harmed', () => {
    const path = join(directory, 'fifo');
    makeFifo(path);
    const opened = open({ path, direction: 'output', ifAbsent: 'null', end: 'none' });
    if (opened.kind !== 'fifo') throw new Error(opened.kind);
    enlarge(opened.keeperFd, 262_144);
    expect(pipeSize(opened.keeperFd)).toBe(262_144);
    enlarge(opened.keeperFd, 65_536);
    expect(pipeSize(opened.keeperFd)).toBe(262_144);
    // More than a pipe can ever hold: refused, and nothing has changed.
    enlarge(opened.keeperFd, 0xffff_ffff);
    expect(pipeSize(opened.keeperFd)).toBe(262_144);
    closeStdio(opened);
  });

  test('where nothing is becomes a FIFO, or nothing', () => {
    const path = join(directory, 'new');
    expect(open({ path, direction: 'input', ifAbsent: 'null', end: 'none' })).toEqual({ kind: 'null' });
    const opened = open({ path, direction: 'input', ifAbsent: 'makeFifo', end: 'none' });
    if (opened.kind !== 'fifo') throw new Error(opened.kind);
    expect(fstatSync(opened.keeperFd).mode & 0o777).toBe(0o600);
    closeStdio(opened);
  });

  test('where nothing is becomes a file with its directories, or is an error', () => {
    const path = join(directory, 'logs', 'of', 'it');
    expect(() => open({ path, direction: 'output', ifAbsent: 'fail', end: 'none' })).toThrow(`open ${path}: no such file or directory`);
    const opened = open({ path, direction: 'output', ifAbsent: 'makeFile', end: 'none' });
    expect(opened.kind).toBe('file');
    closeStdio(opened);
    const modes = [path, dirname(path)].map((made) => statSync(made).mode & 0o777);
    expect(modes).toEqual([0o644 & ~process.umask(), 0o755 & ~process.umask()]);
    writeFileSync(path, 'before\n');
    closeStdio(open({ path, direction: 'output', ifAbsent: 'makeFile', end: 'none' }));
    expect(readFileSync(path, 'utf8')).toBe('before\n');
  });

  test('that is a file is only named, and left as it is', () => {
    const path = join(directory, 'file');
    writeFileSync(path, 'before\n');
    const opened = open({ path, direction: 'output', ifAbsent: 'makeFifo', end: 'none' });
    if (opened.kind !== 'file') throw new Error(opened.kind);
    expect(flagsOf(opened.fileFd) & O_PATH).toBe(O_PATH);
    closeStdio(opened);
    expect(readFileSync(path, 'utf8')).toBe('before\n');
  });

  test('that is empty or the null device is nothing, another device is as a file', () => {
    expect(open({ path: '', direction: 'input', ifAbsent: 'makeFifo', end: 'none' })).toEqual({ kind: 'null' });
    expect(open({ path: '/dev/null', direction: 'input', ifAbsent: 'makeFifo', end: 'none' })).toEqual({ kind: 'null' });
    const opened = open({ path: '/dev/zero', direction: 'input', ifAbsent: 'makeFifo', end: 'none' });
    expect(opened.kind).toBe('file');
    closeStdio(opened);
  });

  test('that is a directory, or below nothing, is an error with its name', () => {
    mkdirSync(join(directory, 'dir'));
    expect(() => open({ path: join(directory, 'dir'), direction: 'input', ifAbsent: 'makeFifo', end: 'none' })).toThrow(`${directory}/dir is neither`);
    expect(() => open({ path: join(directory, 'none', 'fifo'), direction: 'input', ifAbsent: 'makeFifo', end: 'none' })).toThrow(`${directory}/none/fifo`);
  });
});
