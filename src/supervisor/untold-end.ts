import { type ContainerEntry, type ProcessEntry, newProcess } from './container';
import type { Context } from './context';
import { removeUntilGone } from './process-end';
import { transition } from './process-state';
import type { UnfinishedEnd } from './restore/recovered';

/** A new entry for an exec'd process of that name. For the loop's handlers. */
export function addExec(container: ContainerEntry, processId: string): ProcessEntry {
  const process = newProcess(processId);
  container.execs.set(processId, process);
  return process;
}

/** A process that a restart has found over: it is stopped, until what it has left is removed and its end told. For the loop's handlers. */
export function takeUpEnd(container: ContainerEntry, process: ProcessEntry, { end, work }: UnfinishedEnd, context: Context): void {
  process.state = transition(process.state, 'ended');
  process.isTold = true;
  process.startKey = end.startKey;
  process.end = { status: end.status, exitedAtNs: BigInt(Date.now()) * 1_000_000n, deletedByShim: false };
  removeUntilGone(container, process, work, context);
}
