import { readProcessRecord } from '../runtime/process-file';
import type { ShimProcess, ShimResults } from '../runtime/shim-protocol';
import { exitStatusOf } from '../sys/children';
import { faultPoint } from '../sys/fault';
import { signalPid } from '../sys/process';
import { Creation } from './creation';
import { end } from './end';
import { ShimError } from './errors';
import { ManagedProcess } from './managed-process';
import type { Shim } from './shim';

/**
 * Runs a process: calls the runtime with its stdio and is its parent and reaper from then on. Whatever goes wrong, all is
 * taken back before this rejects.
 * @throws ShimError `aborted` after an abort of the same directory, else the reason
 */
export async function take(shim: Shim, identity: ShimProcess): Promise<ShimResults['take']> {
  const record = readProcessRecord(identity.dir);
  const entry = new ManagedProcess(identity, record.runtimeArgs);
  shim.table.add(entry);
  const creation = new Creation(shim, entry, record);
  try {
    const pid = await creation.run();
    faultPoint('shim.take.before-watch');
    shim.reaper.watchChild(pid, (status) => void end(shim, entry, exitStatusOf(status)));
    entry.runs(pid, (signal) => signalPid(pid, signal));
    return { pid, ...terminalOf(entry) };
  } catch (error) {
    await creation.undo();
    shim.release(entry);
    if (entry.abortion.signal.aborted) throw new ShimError('aborted', 'the start was aborted', { cause: error });
    throw error;
  }
}

/** The terminal's member of an answer, if the process has one. */
export function terminalOf(entry: ManagedProcess): { readonly terminalFd?: number } {
  const terminalFd = entry.io?.terminalFd;
  return terminalFd === undefined ? {} : { terminalFd };
}
