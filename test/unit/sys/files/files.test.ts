import { closeSync, constants, openSync, readFileSync, readSync, statSync, writeSync } from 'node:fs';
import { ChildReaper } from '../../../../src/sys/process/children';
import { SysError, errnoName, strerror } from '../../../../src/sys/errors';
import { errorCodeOf, messageOf } from '../../../../src/sys/thrown';
import {
  createEventFd,
  mkfifo,
  raiseOpenFilesLimit,
  readSome,
  setNonBlocking,
  pipeSize,
  setPipeSize,
  tryLockFile,
  unreadBytes,
  writeSome,
} from '../../../../src/sys/files/files';
import { Scratch, countDescriptors, errorOf, flagsOf, pollerWithErrors } from '../resources';

const READ = constants.O_RDONLY | constants.O_NONBLOCK;
const WRITE = constants.O_WRONLY | constants.O_NONBLOCK;
const KEEP = constants.O_RDWR | constants.O_NONBLOCK;
const PIPE_SIZE = 65536;

describe('files', () => {
  let scratch: Scratch;
  let before: number;
  const fds: number[] = [];

  beforeEach(async () => {
    before = await countDescriptors();
    scratch = new Scratch();
  });

  afterEach(async () => {
    for (const fd of fds.splice(0)) closeSync(fd);
    scratch.remove();
    expect(await countDescriptors()).toBe(before);
  });

  /** Opens a file that is closed after the test. */
  function opened(path: string, flags: number | string): number {
    const fd = openSync(path, flags);
    fds.push(fd);
    return fd;
  }

  function fifo(name: string): string {
    mkfifo(scratch.file(name), 0o600);
    return scratch.file(name);
  }

  test('mkfifo makes a FIFO with the mode, and names the path that it cannot make', () => {
    const path = fifo('stdin');
    expect(statSync(path).isFIFO()).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(errorOf(() => mkfifo(path, 0o600))).toMatchObject({
      code: 'EEXIST',
      path,
      message: `mkfifo ${path}: file exists`,
    });
    expect(errorOf(() => mkfifo(`${path}\0x`, 0o600))).toMatchObject({ code: 'EINVAL', syscall: 'mkfifo' });
  });

  test('an eventfd counts, does not block, and is close-on-exec', () => {
    const counter = createEventFd();
    fds.push(counter);
    const into = Buffer.alloc(8);
    expect(readSome(counter, into)).toBe('again');
    const one = Buffer.alloc(8);
    one.writeBigUInt64LE(3n);
    expect(writeSome(counter, one, 0, 8)).toBe(8);
    expect(readSome(counter, into)).toBe(8);
    expect(into.readBigUInt64LE()).toBe(3n);
    expect(flagsOf(counter)).toEqual({ nonBlocking: true, closeOnExec: true });
  });

  test('reading a FIFO: nothing yet, bytes, the end', () => {
    const path = fifo('stdout');
    const reader = opened(path, READ);
    const into = Buffer.alloc(4);
    expect(readSome(reader, into)).toBe('end');
    const writer = openSync(path, WRITE);
    expect(readSome(reader, into)).toBe('again');
    writeSync(writer, 'bytes');
    expect(unreadBytes(reader)).toBe(5);
    expect(readSome(reader, into)).toBe(4);
    expect(into.toString()).toBe('byte');
    expect(unreadBytes(reader)).toBe(1);
    closeSync(writer);
    expect(readSome(reader, into)).toBe(1);
    expect(readSome(reader, into)).toBe('end');
  });

  test('writing a FIFO: a part, no room, no reader', () => {
    const path = fifo('stdin');
    const reader = openSync(path, READ);
    const writer = opened(path, WRITE);
    const from = Buffer.from('0123456789');
    expect(writeSome(writer, from, 2, 3)).toBe(3);
    expect(writeSome(writer, from, 8, 100)).toBe(2);
    const into = Buffer.alloc(10);
    expect(into.toString('utf8', 0, readSync(reader, into))).toBe('23489');
    const large = Buffer.alloc(2 * PIPE_SIZE);
    expect(writeSome(writer, large, 0, large.length)).toBe(PIPE_SIZE);
    expect(writeSome(writer, large, 0, large.length)).toBe('again');
    closeSync(reader);
    expect(writeSome(writer, large, 0, large.length)).toBe('broken');
  });

  test('what is not open is an error', () => {
    const buffer = Buffer.alloc(1);
    expect(errorOf(() => readSome(9999, buffer))).toMatchObject({ code: 'EBADF', syscall: 'read' });
    expect(errorOf(() => writeSome(9999, buffer, 0, 1))).toMatchObject({ code: 'EBADF', syscall: 'write' });
    expect(errorOf(() => unreadBytes(9999))).toMatchObject({ code: 'EBADF', syscall: 'ioctl FIONREAD' });
    expect(errorOf(() => pipeSize(9999))).toMatchObject({ code: 'EBADF', syscall: 'fcntl F_GETPIPE_SZ' });
    expect(errorOf(() => setPipeSize(9999, 4096))).toMatchObject({ code: 'EBADF' });
    expect(errorOf(() => setNonBlocking(9999))).toMatchObject({ code: 'EBADF' });
    expect(errorOf(() => tryLockFile(9999))).toMatchObject({ code: 'EBADF', syscall: 'flock' });
  });

  test('a FIFO can be made to hold more', () => {
    const keeper = opened(fifo('stdin'), KEEP);
    expect(pipeSize(keeper)).toBe(PIPE_SIZE);
    setPipeSize(keeper, 4 * PIPE_SIZE);
    expect(pipeSize(keeper)).toBe(4 * PIPE_SIZE);
    expect(writeSync(keeper, Buffer.alloc(10 * PIPE_SIZE))).toBe(4 * PIPE_SIZE);
    expect(errorOf(() => setPipeSize(keeper, PIPE_SIZE))).toMatchObject({ code: 'EBUSY' });
  });

  test('setNonBlocking', () => {
    const path = fifo('stdin');
    opened(path, KEEP);
    const reader = opened(path, 'r');
    setNonBlocking(reader);
    expect(readSome(reader, Buffer.alloc(1))).toBe('again');
  });

  test('a locked file cannot be locked a second time until its holder ends', async () => {
    const { poller } = pollerWithErrors();
    poller.ref();
    const reaper = new ChildReaper(poller);
    const held = openSync(scratch.file('lock'), 'w');
    expect(tryLockFile(held)).toBe(true);
    expect(tryLockFile(held)).toBe(true);
    const other = opened(scratch.file('lock'), 'w');
    expect(tryLockFile(other)).toBe(false);
    // The lock belongs to the open file, which the program shares.
    const child = reaper.spawn({ file: '/bin/sleep', args: ['1000'], stdin: held });
    closeSync(held);
    expect(tryLockFile(other)).toBe(false);
    child.kill(9);
    await child.exited;
    expect(tryLockFile(other)).toBe(true);
    reaper.close();
    poller.close();
  });

  test('the limit of open files', () => {
    const { soft, hard } = raiseOpenFilesLimit();
    const [, inForce] = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    expect(soft).toBe(Number(inForce));
    expect(soft > 1024 || soft === hard).toBe(true);
  });
});

describe('errors', () => {
  test("have the C library's words, the first letter small", () => {
    expect(strerror(3)).toBe('no such process');
    expect(strerror(2)).toBe('no such file or directory');
  });

  test('have names', () => {
    expect([2, 3, 10, 11].map(errnoName)).toEqual(['ENOENT', 'ESRCH', 'ECHILD', 'EAGAIN']);
    expect(errnoName(4000)).toBe('E4000');
  });

  test('say what was called, and for which file', () => {
    const error = new SysError(13, 'open', '/etc/shadow');
    expect(error).toMatchObject({
      name: 'SysError',
      message: 'open /etc/shadow: permission denied',
      code: 'EACCES',
      errno: 13,
      syscall: 'open',
      path: '/etc/shadow',
    });
    expect('path' in new SysError(3, 'kill')).toBe(false);
  });

  test('messageOf', () => {
    expect(messageOf(new SysError(3, 'kill'))).toBe('kill: no such process');
    expect(messageOf(errorOf(() => statSync('/no/such/file')))).toContain('ENOENT');
    expect([undefined, null, 'text', { code: 2 }].map(messageOf)).toEqual(['undefined', 'null', 'text', '[object Object]']);
  });

  test('errorCodeOf', () => {
    expect(errorCodeOf(new SysError(3, 'kill'))).toBe('ESRCH');
    expect(errorCodeOf(errorOf(() => statSync('/no/such/file')))).toBe('ENOENT');
    expect([undefined, null, 'ENOENT', new Error('text'), { code: 2 }].map(errorCodeOf)).toEqual(Array(5).fill(undefined));
  });
});
