import { closeSync, existsSync } from 'node:fs';
import { type StreamName, betweenPaths } from '../../runtime/state-dir/between';
import { isStdinClosed } from '../../runtime/state-dir/process-dir';
import { readLoggerNote } from '../../runtime/state-dir/logger-note';
import { type ProcessRecord, readProcessRecord } from '../../runtime/state-dir/process-file';
import type { HeldDescriptor, ShimArguments, ShimResults } from '../../runtime/shim-protocol';
import { UNKNOWN_STATUS, exitStatusOf, type WaitStatus } from '../../sys/process/wait-status';
import { fileOf } from '../../runtime/unread-output';
import { faultPoint, kernelTells } from '../../sys/fault';
import { closeAside } from '../../sys/files/aside';
import { duplicateFdOf, openPidFd, openSamePidFd, readProcStat, signalPidFd } from '../../sys/process/process';
import { statusOfOther } from '../../sys/process/others-status';
import { end } from '../process/end';
import { recordedExitStatus } from '../process/exit-status';
import { ManagedProcess } from '../process/managed-process';
import { inputPipeOf } from '../stdio/input-pipe';
import { PassedStdio } from '../stdio/passed-stdio';
import type { ProcessIo } from '../stdio/process-io';
import type { Shim } from '../shim';
import { closeStdioPaths, openStdioPaths, type StdioPaths } from '../stdio/stdio-path';
import { holdableOf } from './take';
import { TerminalIo } from '../stdio/terminal-io';

type AdoptRequest = ShimArguments['adopt'];

/**
 * Goes on with a process whose shim has died: holds its FIFOs open, copies for its terminal, and sees it through its
 * end. It is not our child, so its status is what the kernel tells of other people's children, or else what
 * somebody has put on disk. One that has ended already, at whatever step of its end, is brought to its end at once; one
 * that is here already goes on, with the FIFOs that are in its directory now.
 * @throws ShimError or the system's error; the process runs on, and its adoption may be tried again
 */
export async function adopt(shim: Shim, request: AdoptRequest): Promise<ShimResults['adopt']> {
  const known = shim.table.get(request.dir);
  if (known !== undefined) {
    known.holdAnew(shim.poller);
    return holdableOf(known);
  }
  const record = readProcessRecord(request.dir);
  const entry = new ManagedProcess(request, record.runtimeArgs);
  const terminal = record.spec.terminal === true;
  const inputFd = inputOf(request, record);
  const isClosed = isStdinClosed(request.dir);
  const paths = { ...record, stdin: isClosed && inputFd === undefined ? '' : record.stdin };
  faultPoint('shim.adopt.before-open');
  // Where it hangs, this adoption fails, and is asked for again: the others go on.
  let opened: StdioPaths | undefined;
  try {
    opened = await openStdioPaths(shim, paths, { isNew: false, makesFifos: false, heldFifo: (name) => duplicateFifo(request, name, 'client') });
    shim.table.add(entry);
  } catch (error) {
    if (opened !== undefined) closeStdioPaths(opened);
    if (inputFd !== undefined) closeSync(inputFd);
    throw error;
  }
  try {
    const io = terminal ? openTerminal(shim, entry, opened, request) : PassedStdio.keep(opened, shim.stdioContext(entry), (name) => duplicateFifo(request, name, 'between'), inputFd, readLoggerNote(request.dir));
    entry.hold(shim.poller, io);
    if (isClosed) io.closeStdin();
    faultPoint('shim.adopt.before-watch');
    watchOrEnd(shim, entry, request);
  } catch (error) {
    shim.release(entry);
    throw error;
  }
  return holdableOf(entry);
}

function watchOrEnd(shim: Shim, entry: ManagedProcess, { pid, starttime, process: held }: AdoptRequest): void {
  const pidFd = duplicateHeld(held) ?? openSamePidFd(pid, starttime);
  watchAdopted(shim, entry, { pid, starttime, pidFd });
}

/** @param process `pidFd` is closed at its end; absent where it is gone */
export function watchAdopted(
  shim: Shim,
  entry: ManagedProcess,
  { pid, starttime, pidFd }: { readonly pid: number; readonly starttime: string; readonly pidFd: number | undefined },
): void {
  entry.isAdopted(starttime, pidFd);
  entry.runs(pid, (signal) => pidFd !== undefined && signalPidFd(pidFd, signal));
  if (pidFd === undefined) {
    void end(shim, entry, recordedExitStatus(shim, entry) ?? unknownStatus(shim, entry));
    return;
  }
  try {
    // As far as it is our child after all, its end may be seen by the reaper first.
    shim.reaper.forgetOrphan(pid);
    watchUntilEnd(shim, { pid, starttime, pidFd }, (told) => {
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
function watchUntilEnd({ poller, reaper }: Shim, { pid, starttime, pidFd }: Adopted, onEnd: (told: WaitStatus | undefined) => void): void {
  // By edge, for two events: its end, and the hang-up when its parent, whoever that is, has reaped it. Of a zombie
  // /proc tells the status; once reaped, the kernel may. Kernels before Linux 6.9 do not hang up, and may announce the end
  // when /proc shows nothing of it any more.
  let isOver = false;
  const look = (hasHungUp: boolean): void => {
    if (isOver) return;
    const state = hasHungUp ? undefined : stateOf(pid, starttime);
    const told = statusOfOther({ pid, starttime, pidFd }, (orphan) => (state === undefined ? reaper.orphanStatus(orphan) : undefined));
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

/** A duplicate of what the daemon holds: of a pidfd, good for a process that is gone too. Undefined: the daemon has none, or is gone itself. */
function duplicateHeld(held: HeldDescriptor | undefined): number | undefined {
  if (held === undefined) return undefined;
  try {
    return duplicate(held);
  } catch {
    return undefined;
  }
}

/** Of a FIFO that the daemon holds: its client's, or what is between the process and a file. */
function duplicateFifo({ dir, fifos }: AdoptRequest, name: StreamName, whose: 'client' | 'between'): number | undefined {
  const isBetween = existsSync(betweenPaths(dir, name).fifo);
  const held = isBetween === (whose === 'between') ? fifos?.[name] : undefined;
  const fd = duplicateHeld(held);
  if (fd === undefined || fileOf(fd) === held?.file) return fd;
  void closeAside(fd);
  return undefined;
}

function duplicate({ holderPid, fd }: HeldDescriptor): number {
  const holderFd = openPidFd(holderPid);
  try {
    return duplicateFdOf(holderFd, fd);
  } finally {
    closeSync(holderFd);
  }
}

/** The write end of the pipe that is its stdin: the daemon's, or, where that has died too, the process's own. Only what is kept has one. */
function inputOf({ namespace, pipes, pid, starttime }: AdoptRequest, { spec, stdin }: ProcessRecord): number | undefined {
  if (namespace === undefined || spec.terminal === true || stdin === '') return undefined;
  return duplicateHeld(pipes?.stdin) ?? inputPipeOf(pid, starttime);
}

function openTerminal(shim: Shim, entry: ManagedProcess, opened: StdioPaths, { dir, terminal, pipes }: AdoptRequest): ProcessIo {
  const io = TerminalIo.open(shim.stdioContext(entry), opened, { create: false });
  const note = readLoggerNote(dir);
  if (note !== undefined) io.logOn(note, duplicateHeld(pipes?.stdout));
  const masterFd = duplicateMaster(shim, entry, terminal);
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
