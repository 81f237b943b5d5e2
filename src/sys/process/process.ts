import { closeSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError, check } from '../errors';
import { kernelTells } from '../fault';
import { lastErrno, libc } from '../native';
import { errorCodeOf } from '../thrown';
import { readProcStat } from './proc-stat';
import { decodeWaitStatus, type WaitStatus } from './wait-status';

export { isEnding, isRunning, parseProcStat, readProcStat, type ProcStat } from './proc-stat';

export const { SIGKILL } = constants.signals;

// System call numbers, the same on x86-64 and arm64.
const PIDFD_SEND_SIGNAL = 424;
const PIDFD_OPEN = 434;
const PIDFD_GETFD = 438;

const PR_SET_PDEATHSIG = 1;
const PR_SET_CHILD_SUBREAPER = 36;

// linux/pidfd.h, Linux 6.15. The structure begins with a 64-bit mask of what is asked and answered.
const PIDFD_GET_INFO = 0xc040ff0b;
const PIDFD_INFO_SIZE = 64;
const PIDFD_INFO_EXIT = 8n;
const EXIT_CODE_OFFSET = 60;

/**
 * A pidfd of a running process or a zombie: pidfd_open(2). Close-on-exec; the caller closes it.
 * It becomes readable when the process ends, and hangs up when the process has been reaped.
 * @throws SysError ESRCH
 */
export function openPidFd(pid: number): number {
  return check(libc.syscall(PIDFD_OPEN, pid, 0, 0, 0), 'pidfd_open');
}

/** The same; undefined where there is no such process, which costs no error. @throws SysError EMFILE and its kin */
export function openPidFdIfThere(pid: number): number | undefined {
  const pidFd = libc.syscall(PIDFD_OPEN, pid, 0, 0, 0);
  if (pidFd !== -1) return pidFd;
  const errno = lastErrno();
  if (errno === constants.errno.ESRCH) return undefined;
  throw new SysError(errno, 'pidfd_open');
}

/** A pidfd of the process that is meant; undefined when that has gone, also where its number was given away since. */
export function openSamePidFd(pid: number, starttime: string): number | undefined {
  const pidFd = openPidFdIfThere(pid);
  if (pidFd === undefined) return undefined;
  // Read when the pidfd is open: a number given away before that shows in the start time.
  if (readProcStat(pid)?.starttime === starttime) return pidFd;
  closeSync(pidFd);
  return undefined;
}

/** Whether the process of a pidfd has not been reaped yet: for so long its number is nobody else's. */
export function isUnreaped(pidFd: number): boolean {
  return libc.syscall(PIDFD_SEND_SIGNAL, pidFd, 0, 0, 0) === 0 || lastErrno() !== constants.errno.ESRCH;
}

/** Sends a signal to the process of a pidfd, never to a later one of the same number. @throws SysError ESRCH, EPERM */
export function signalPidFd(pidFd: number, signal: number): void {
  check(libc.syscall(PIDFD_SEND_SIGNAL, pidFd, signal, 0, 0), 'pidfd_send_signal');
}

/** kill(2). @throws SysError ESRCH, EPERM, EINVAL */
export function signalPid(pid: number, signal: number): void {
  check(libc.kill(pid, signal), 'kill');
}

/** Does what `signal` does, and nothing where the process that it is for is gone. */
export function unlessGone(signal: () => void): void {
  try {
    signal();
  } catch (error) {
    if (errorCodeOf(error) !== 'ESRCH') throw error;
  }
}

/** SIGKILL to a process, unless it is gone. @throws SysError EPERM */
export function killPid(pid: number): void {
  unlessGone(() => { signalPid(pid, SIGKILL); });
}

/** SIGKILL to all of the process group that this process leads, unless it is gone. @throws SysError EPERM */
export function killGroup(leaderPid: number): void {
  killPid(-leaderPid);
}

/** SIGKILL to the process of a pidfd, unless it is gone. @throws SysError EPERM */
export function killPidFd(pidFd: number): void {
  unlessGone(() => { signalPidFd(pidFd, SIGKILL); });
}

/**
 * A duplicate of another process's descriptor, close-on-exec: pidfd_getfd(2). The caller closes it.
 * The process must be alive; the duplicate outlives it.
 * @throws SysError ESRCH, EBADF (it has no such descriptor), EPERM
 */
export function duplicateFdOf(pidFd: number, fd: number): number {
  return check(libc.syscall(PIDFD_GETFD, pidFd, fd, 0, 0), 'pidfd_getfd');
}

/**
 * How the process of a pidfd ended, whoever its parent was. The kernel knows it once the process has
 * been reaped (the pidfd hangs up). Undefined before, and on kernels that do not tell (before Linux 6.15).
 * @throws SysError EBADF
 */
export function exitInfoOf(pidFd: number): WaitStatus | undefined {
  const raw = rawExitInfoOf(pidFd);
  return raw === undefined ? undefined : decodeWaitStatus(raw);
}

/** The same as wait(2) has it: also whether it has left a core dump (128). @throws SysError EBADF */
export function rawExitInfoOf(pidFd: number): number | undefined {
  const info = Buffer.alloc(PIDFD_INFO_SIZE);
  info.writeBigUInt64LE(PIDFD_INFO_EXIT);
  if (!kernelTells('kernel.exit-info')) return undefined;
  if (libc.ioctl(pidFd, PIDFD_GET_INFO, info) === -1) {
    const errno = lastErrno();
    if (errno === constants.errno.EBADF) throw new SysError(errno, 'ioctl PIDFD_GET_INFO');
    return undefined;
  }
  const told = (info.readBigUInt64LE() & PIDFD_INFO_EXIT) !== 0n;
  return told ? info.readInt32LE(EXIT_CODE_OFFSET) : undefined;
}

/** Has the kernel kill this process when the thread that has started it ends: prctl(2), PR_SET_PDEATHSIG. */
export function dieWithParent(): void {
  check(libc.prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0), 'prctl PR_SET_PDEATHSIG');
}

/**
 * _exit(2): at once, whatever the threads of the pool are at. `process.exit` waits for them, and one may hang in the kernel. What lies in
 * buffers of this process is lost.
 */
export function exitNow(status: number): void {
  libc.exitNow(status);
}

/** Makes this process the parent of its orphaned descendants: prctl(2), PR_SET_CHILD_SUBREAPER. */
export function becomeSubreaper(): void {
  check(libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), 'prctl PR_SET_CHILD_SUBREAPER');
}
