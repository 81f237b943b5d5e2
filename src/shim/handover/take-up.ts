import { closeSync, constants, openSync, readFileSync } from 'node:fs';
import { exitStatusOf } from '../../sys/process/children';
import { faultPoint } from '../../sys/fault';
import { signalPid } from '../../sys/process/process';
import { watchAdopted } from '../verbs/adopt';
import { end } from '../process/end';
import { FileCopy } from '../stdio/file-copy';
import { ManagedProcess } from '../process/managed-process';
import { PassedStdio } from '../stdio/passed-stdio';
import type { ProcessIo } from '../stdio/process-io';
import type { Shim } from '../shim';
import { TerminalIo } from '../stdio/terminal-io';
import { decodeState, type EndState, type IoState, type LingererState, type ProcessState, type ShimState } from './state';

/** @param fd of the state's file; stays the caller's. @throws RuntimeError where it cannot be understood */
export function readState(fd: number): ShimState {
  // By its path: whoever has written it has its own place in the file.
  const readFd = openSync(`/proc/self/fd/${fd}`, constants.O_RDONLY);
  try {
    return decodeState(readFileSync(readFd, 'utf8'));
  } finally {
    closeSync(readFd);
  }
}

/**
 * Takes hold of the processes and of the output of ended ones that the program before this one in this process had. To be called before anything
 * is waited for. A process that cannot be taken up loses its exit FIFO, as with a dead shim, and is adopted.
 */
export function takeUp(shim: Shim, state: ShimState): void {
  faultPoint('shim.take-up.begun');
  shim.runtimeCopies.allow(state.copyRuntimes);
  const entries = state.processes.map((process) => ({ process, entry: new ManagedProcess(process.identity, process.runtimeArgs) }));
  for (const { entry } of entries) shim.table.add(entry);
  for (const { process, entry } of entries) {
    try {
      takeUpProcess(shim, entry, process);
    } catch (error) {
      shim.log.error('going on with a process', error, entry.label);
      shim.release(entry);
    }
  }
  for (const set of state.held ?? []) shim.held.put(set);
  for (const { waitedMs, lingerer } of state.lingering) takeUpLingerer(shim, lingerer, waitedMs);
  // After all are in the table: the end of a container waits for those of its execs.
  for (const { process, entry } of entries) if (process.status !== undefined && entry.phase !== 'over') void end(shim, entry, process.status);
  faultPoint('shim.take-up.done');
}

function takeUpProcess(shim: Shim, entry: ManagedProcess, process: ProcessState): void {
  const { pid, adopted, status, io } = process;
  try {
    entry.takeUp(shim.poller, process, io === undefined ? undefined : ioOf(shim, entry, io));
  } catch (error) {
    for (const fd of io === undefined ? [] : descriptorsOf(io)) closeSync(fd);
    entry.takeUp(shim.poller, { ...process, control: undefined }, undefined);
    throw error;
  }
  faultPoint('shim.take-up.before-process');
  if (status !== undefined) {
    entry.runs(pid, () => undefined);
    entry.ended(status);
  } else if (adopted !== undefined) {
    watchAdopted(shim, entry, { pid, starttime: adopted.starttime, pidFd: adopted.pidFd });
  } else {
    shim.reaper.watchInherited(pid, (told) => void end(shim, entry, exitStatusOf(told)));
    entry.runs(pid, (signal) => signalPid(pid, signal));
  }
}

function ioOf(shim: Shim, entry: ManagedProcess, state: IoState): ProcessIo {
  switch (state.kind) {
    case 'passed':
      return PassedStdio.takeUp(state, shim.stdioContext(entry));
    case 'terminal':
      return TerminalIo.takeUp(shim.stdioContext(entry), state);
  }
}

function descriptorsOf(state: IoState): readonly number[] {
  const ofCopies = state.copies.flatMap(({ fifoFd, stagedFd, fileFd, noteFd }) => [fifoFd, stagedFd, fileFd, noteFd]);
  const ofEnd = (end: EndState): readonly number[] => (end.kind === 'null' ? [] : [end.fd]);
  switch (state.kind) {
    case 'passed':
      return [...Object.values(state.keepers), state.input?.fromFd, state.input?.writeFd, ...(state.logger?.fds ?? []), ...ofCopies].filter((fd) => fd !== undefined);
    case 'terminal':
      return [...ofEnd(state.input), ...ofEnd(state.output), ...[state.masterFd, state.inputMasterFd, state.silentFd].filter((fd) => fd !== undefined), ...ofCopies];
  }
}

function takeUpLingerer(shim: Shim, state: LingererState, waitedMs: number): void {
  switch (state.kind) {
    case 'unread':
      shim.lingering.addKeeper(state.fd, waitedMs);
      return;
    case 'terminal':
      TerminalIo.takeUp(shim.stdioContext({ label: state.about, identity: { dir: state.dir } }), state).linger(waitedMs);
      return;
    case 'copy':
      shim.lingering.add(FileCopy.takeUp(shim.copiers, state), waitedMs);
  }
}
