import { closeSync } from 'node:fs';
import { isStdinClosed } from '../runtime/process-dir';
import { readProcessRecord, type ProcessRecord } from '../runtime/process-file';
import type { HeldDescriptor, ShimArguments, ShimResults } from '../runtime/shim-protocol';
import { exitStatusOf, type WaitStatus } from '../sys/children';
import { faultPoint, kernelTells } from '../sys/fault';
import type { Poller } from '../sys/poller';
import { duplicateFdOf, exitInfoOf, openPidFd, readProcStat, signalPidFd } from '../sys/process';
import { errorCodeOf } from '../sys/thrown';
import { end } from './end';
import { recordedExitStatus } from './exit-status';
import { ManagedProcess } from './managed-process';
import { PassedStdio } from './passed-stdio';
import type { ProcessIo } from './process-io';
import type { Shim } from './shim';
import { terminalOf } from './take';
import { TerminalIo } from './terminal-io';
import { zombieStatus } from '../sys/zombie';

type AdoptRequest = ShimArguments['adopt'];

/** The end of a process whose status nobody can tell. */
const UNKNOWN_STATUS = 255;

/**
 * Goes on with a process whose shim has died: holds its FIFOs open, copies for its terminal, and sees it through its
 * end. It is not our child, so its status is what the kernel tells of other people's children, or else what
 * somebody has put on disk. One that has ended already, at whatever step of its end, is brought to its end at once; one
 * that is here already goes on, with the FIFOs that are in its directory now.
 * @throws ShimError or the system's error; the process runs on, and its adoption may be tried again
 */
export function adopt(shim: Shim, request: AdoptRequest): ShimResults['adopt'] {
  const known = shim.table.get(request.dir);
  if (known !== undefined) {
    known.holdAnew(shim.poller);
    return terminalOf(known);
  }
  const record = readProcessRecord(request.dir);
  const entry = new ManagedProcess(request, record.runtimeArgs);
  shim.table.add(entry);
  try {
    faultPoint('shim.adopt.before-open');
    entry.hold(shim.poller, openIo(shim, entry, record, request));
    faultPoint('shim.adopt.before-watch');
    watchOrEnd(shim, entry, request);
  } catch (error) {
    shim.release(entry);
    throw error;
  }
  return terminalOf(entry);
}

function watchOrEnd(shim: Shim, entry: ManagedProcess, { pid, starttime, process: held }: AdoptRequest): void {
  const pidFd = duplicateHeld(held) ?? openSamePidFd(pid, starttime);
  entry.runs(pid, (signal) => pidFd !== undefined && signalPidFd(pidFd, signal));
  if (pidFd === undefined) {
    void end(shim, entry, recordedExitStatus(shim, entry) ?? unknownStatus(shim, entry));
    return;
  }
  try {
    watchUntilEnd(shim.poller, { pid, starttime, pidFd }, (told) => {
      const status = told === undefined ? recordedExitStatus(shim, entry) : exitStatusOf(told);
      void end(shim, entry, status ?? unknownStatus(shim, entry));
    });
  } catch (error) {
    closeSync(pidFd);
    throw error;
  }
}

interface Adopted {
  readonly pid: number;
  readonly starttime: string;
  /** Closed at the process's end. */
  readonly pidFd: number;
}

/** @param onEnd called once, without a status where the kernel does not tell it */
function watchUntilEnd(poller: Poller, { pid, starttime, pidFd }: Adopted, onEnd: (told: WaitStatus | undefined) => void): void {
  // By edge, for two events: its end, and the hang-up when its parent, whoever that is, has reaped it. Of a zombie
  // /proc tells the status; once reaped, the kernel may. Kernels before Linux 6.9 do not hang up, and may announce the end
  // when /proc shows nothing of it any more.
  let isOver = false;
  const look = (hasHungUp: boolean): void => {
    if (isOver) return;
    const state = hasHungUp ? undefined : stateOf(pid, starttime);
    const told = zombieStatus(pid, starttime) ?? (state === undefined ? exitInfoOf(pidFd) : undefined);
    if (told === undefined && state !== undefined) {
      // Just being reaped: gone in a moment, which nothing might announce.
      if (state === 'X') setImmediate(() => { look(false); });
      return;
    }
    isOver = true;
    watch.close();
    closeSync(pidFd);
    onEnd(told);
  };
  const watch = poller.watch(pidFd, { in: true, edge: true }, ({ hup }) => {
    look(hup && kernelTells('kernel.pidfd-hang-up'));
  });
}

/** Undefined once it has been reaped. */
function stateOf(pid: number, starttime: string): string | undefined {
  const stat = readProcStat(pid);
  return stat?.starttime === starttime ? stat.state : undefined;
}

function unknownStatus(shim: Shim, entry: ManagedProcess): number {
  shim.log.error(`ended as nobody's child: its exit status is not known here, ${UNKNOWN_STATUS} stands for it`, undefined, entry.label);
  return UNKNOWN_STATUS;
}

/** The daemon's pidfd, good for a process that is gone too. Undefined: the daemon has none, or is gone itself. */
function duplicateHeld(held: HeldDescriptor | undefined): number | undefined {
  if (held === undefined) return undefined;
  try {
    return duplicate(held);
  } catch {
    return undefined;
  }
}

function duplicate({ holderPid, fd }: HeldDescriptor): number {
  const holderFd = openPidFd(holderPid);
  try {
    return duplicateFdOf(holderFd, fd);
  } finally {
    closeSync(holderFd);
  }
}

/** A pidfd of the process that is meant; undefined when that has gone, also where its number was given away since. */
function openSamePidFd(pid: number, starttime: string): number | undefined {
  let pidFd: number;
  try {
    pidFd = openPidFd(pid);
  } catch (error) {
    if (errorCodeOf(error) === 'ESRCH') return undefined;
    throw error;
  }
  // Read when the pidfd is open: a number given away before that shows in the start time.
  if (readProcStat(pid)?.starttime === starttime) return pidFd;
  closeSync(pidFd);
  return undefined;
}

function openIo(shim: Shim, entry: ManagedProcess, record: ProcessRecord, request: AdoptRequest): ProcessIo {
  const paths = { ...record, stdin: isStdinClosed(request.dir) ? '' : record.stdin };
  if (record.spec.terminal !== true) return PassedStdio.keep(paths, shim.lingering);
  const io = TerminalIo.open(shim.terminalContext(entry.label), paths, { create: false });
  const masterFd = duplicateMaster(shim, entry, request.terminal);
  if (masterFd !== undefined) io.attach(masterFd);
  return io;
}

function duplicateMaster(shim: Shim, entry: ManagedProcess, terminal: HeldDescriptor | undefined): number | undefined {
  if (terminal === undefined) return undefined;
  try {
    return duplicate(terminal);
  } catch (error) {
    // The terminal is gone with its last holder, and its processes have been told so (SIGHUP).
    shim.log.error('taking over the terminal', error, entry.label);
    return undefined;
  }
}
