import { closeSync, fstatSync, openSync, readSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { release } from 'node:os';
import { ChildReaper } from '../../../../src/sys/process/children';
import { createEventFd, mkfifo } from '../../../../src/sys/files/files';
import {
  duplicateFdOf,
  exitInfoOf,
  isRunning,
  openPidFd,
  parseProcStat,
  readProcStat,
  signalPid,
  signalPidFd,
} from '../../../../src/sys/process/process';
import { fc } from '../../../support/property';
import { Scratch, countDescriptors, deferred, errorOf, flagsOf, pollerWithErrors } from '../resources';

/** PIDFD_GET_INFO tells exit codes since Linux 6.15. */
const [major = 0, minor = 0] = release().split('.').map(Number);
const kernelTells = major > 6 || (major === 6 && minor >= 15);

describe('processes', () => {
  let scratch: Scratch;
  let before: number;
  let reaper: ChildReaper;
  let context: ReturnType<typeof pollerWithErrors>;

  beforeEach(async () => {
    before = await countDescriptors();
    scratch = new Scratch();
    context = pollerWithErrors();
    context.poller.ref();
    reaper = new ChildReaper(context.poller);
  });

  afterEach(async () => {
    reaper.close();
    context.poller.close();
    scratch.remove();
    expect(context.errors).toEqual([]);
    expect(await countDescriptors()).toBe(before);
  });

  test('a descriptor of another process lives on here', async () => {
    writeFileSync(scratch.file('data'), 'held by another');
    const source = openSync(scratch.file('data'), 'r');
    const child = reaper.spawn({ file: '/bin/sleep', args: ['1000'], stdin: source });
    closeSync(source);
    const pidFd = openPidFd(child.pid);
    const fd = duplicateFdOf(pidFd, 0);
    expect(flagsOf(fd).closeOnExec).toBe(true);
    expect(errorOf(() => duplicateFdOf(pidFd, 77))).toMatchObject({ code: 'EBADF', syscall: 'pidfd_getfd' });
    signalPidFd(pidFd, 9);
    closeSync(pidFd);
    expect(await child.exited).toEqual({ kind: 'signalled', signal: 9 });
    const into = Buffer.alloc(100);
    expect(into.toString('utf8', 0, readSync(fd, into))).toBe('held by another');
    expect(fstatSync(fd).size).toBe(15);
    closeSync(fd);
  });

  test('the end of a process that its own parent has reaped', async () => {
    mkfifo(scratch.file('gate'), 0o600);
    mkfifo(scratch.file('pid'), 0o600);
    const script = '(read line <"$1"; exit 9) & echo $! >"$2"; wait; read line <"$1"';
    const parent = reaper.spawn({ file: '/bin/sh', args: ['-c', script, 'sh', scratch.file('gate'), scratch.file('pid')] });
    const pid = Number(await readFile(scratch.file('pid'), 'utf8'));
    const pidFd = openPidFd(pid);
    expect(exitInfoOf(pidFd)).toBeUndefined();
    const hungUp = deferred<undefined>();
    const watch = context.poller.watch(pidFd, {}, ({ hup }) => {
      watch.close();
      expect(hup).toBe(true);
      hungUp.resolve(undefined);
    });
    writeFileSync(scratch.file('gate'), '\n');
    await hungUp.promise;
    expect(exitInfoOf(pidFd)).toEqual(kernelTells ? { kind: 'exited', code: 9 } : undefined);
    expect(errorOf(() => signalPidFd(pidFd, 0))).toMatchObject({ code: 'ESRCH' });
    closeSync(pidFd);
    parent.kill(9);
    await parent.exited;
  });

  test('what is no pidfd tells nothing, what is no descriptor is an error', () => {
    const counter = createEventFd();
    expect(exitInfoOf(counter)).toBeUndefined();
    closeSync(counter);
    expect(errorOf(() => exitInfoOf(9999))).toMatchObject({ code: 'EBADF' });
  });

  test('a process that is gone', async () => {
    const child = reaper.spawn({ file: '/bin/true', args: [] });
    const starttime = readProcStat(child.pid)?.starttime;
    await child.exited;
    expect(readProcStat(child.pid)).toBeUndefined();
    expect(isRunning(child.pid, starttime)).toBe(false);
    expect(isRunning(child.pid, undefined)).toBe(false);
    expect(errorOf(() => openPidFd(child.pid))).toMatchObject({ code: 'ESRCH', message: 'pidfd_open: no such process' });
    expect(errorOf(() => signalPid(child.pid, 0))).toMatchObject({ code: 'ESRCH', errno: 3, syscall: 'kill' });
  });

  test('a process that runs, and one of another start time', () => {
    const stat = readProcStat(process.pid);
    expect(stat).toMatchObject({ pid: process.pid, parentPid: process.ppid });
    expect(isRunning(process.pid, stat?.starttime)).toBe(true);
    expect(isRunning(process.pid, undefined)).toBe(true);
    expect(isRunning(process.pid, '1')).toBe(false);
  });

  test('a zombie does not run', async () => {
    const other = reaper.spawn({ file: '/bin/sleep', args: ['1000'] });
    reaper.close(); // Nobody reaps from here on.
    const pidFd = openPidFd(other.pid);
    const ended = deferred<undefined>();
    const watch = context.poller.watch(pidFd, { in: true }, () => {
      watch.close();
      ended.resolve(undefined);
    });
    signalPid(other.pid, 9);
    await ended.promise;
    const stat = readProcStat(other.pid);
    expect(stat?.state).toBe('Z');
    expect(isRunning(other.pid, stat?.starttime)).toBe(false);
    closeSync(pidFd);
    const next = new ChildReaper(context.poller);
    const orphan = deferred<number>();
    next.onOrphan = orphan.resolve;
    const last = next.spawn({ file: '/bin/true', args: [] });
    expect(await orphan.promise).toBe(other.pid);
    await last.exited;
    next.close();
  });

  test('a program may have any name', async () => {
    const name = 'a) Z (b) ';
    writeFileSync(scratch.file(name), '#!/bin/sh\nread line\n', { mode: 0o755 });
    mkfifo(scratch.file('gate'), 0o600);
    const gate = openSync(scratch.file('gate'), 'r+');
    const child = reaper.spawn({ file: scratch.file(name), args: [], stdin: gate });
    expect(readProcStat(child.pid)).toMatchObject({ pid: child.pid, comm: name, parentPid: process.pid });
    writeFileSync(gate, '\n');
    closeSync(gate);
    await child.exited;
  });
});

describe('parseProcStat', () => {
  const rest = 'S 1 2 3 34816 40 4194560 900 0 0 0 1 2 0 0 20 0 1 0 987654321 4096000 100 18446744073709551615 0';

  test('counts from the last parenthesis', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(), (comm, pid) => {
        expect(parseProcStat(`${pid} (${comm}) ${rest}\n`, 'stat')).toEqual({
          pid,
          comm,
          state: 'S',
          parentPid: 1,
          processGroup: 2,
          session: 3,
          isEnding: false,
          starttime: '987654321',
        });
      }),
    );
  });

  test.each(['', '12', '12 (name)', '12 (name) S 1 2 3', ') 12 (name'])('refuses %j', (line) => {
    expect(errorOf(() => parseProcStat(line, '/proc/12/stat'))).toMatchObject({ code: 'EBADMSG', path: '/proc/12/stat' });
  });
});
