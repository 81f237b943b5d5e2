import { readProcessRecord } from '../../runtime/state-dir/process-file';
import type { FifoEnds, Holdable, ShimProcess, ShimResults } from '../../runtime/shim-protocol';
import { fileOf } from '../../runtime/unread-output';
import { exitStatusOf, type WaitStatus } from '../../sys/process/children';
import { faultPoint } from '../../sys/fault';
import { signalPid } from '../../sys/process/process';
import { Creation } from '../process/creation';
import { end } from '../process/end';
import { ShimError } from '../errors';
import { ManagedProcess } from '../process/managed-process';
import type { ProcessIo } from '../stdio/process-io';
import type { Shim } from '../shim';

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
    const { pid, exited } = await creation.run();
    faultPoint('shim.take.before-watch');
    const onExit = (status: WaitStatus): void => void end(shim, entry, exitStatusOf(status));
    if (exited === undefined) shim.reaper.watchChild(pid, onExit);
    else void exited.then(onExit);
    entry.runs(pid, (signal) => signalPid(pid, signal));
    return { pid, ...holdableOf(entry) };
  } catch (error) {
    await creation.undo();
    shim.release(entry);
    if (entry.abortion.signal.aborted) throw new ShimError('aborted', 'the start was aborted', { cause: error });
    throw error;
  }
}

/** An answer's members for what the daemon is to hold, if the process has any of it. */
export function holdableOf({ io }: ManagedProcess): Holdable {
  const { terminalFd, fifoFds, pipes = {} } = io ?? {};
  return {
    ...(terminalFd === undefined ? {} : { terminalFd }),
    ...(Object.keys(pipes).length === 0 ? {} : { pipes }),
    ...(fifoFds === undefined ? {} : { fifos: fifosOf(fifoFds) }),
  };
}

function fifosOf(fifoFds: NonNullable<ProcessIo['fifoFds']>): FifoEnds {
  return Object.fromEntries(Object.entries(fifoFds).map(([name, fd]) => [name, { fd, file: fileOf(fd) }]));
}
