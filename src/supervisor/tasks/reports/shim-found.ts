import { closeHeld } from '../../../worker/shims/shim';
import type { ShimProcess } from '../../../worker/shims/shim-fleet';
import { type ProcessEntry, allProcesses } from '../../container';
import type { Context } from '../../context';
import { letInputEnd } from '../../let-input-end';
import { type Outcome, type TaskOf, done } from '../../task';

/**
 * A shim of before has answered, late: until now its processes were served by their files alone. It has them again, and the daemon
 * a second hold on their terminals and pipes.
 */
export function shimFound(task: TaskOf<'shimFound'>, context: Context): Outcome<'shimFound'> {
  const byDir = new Map<string, ProcessEntry>();
  for (const container of context.table.values()) {
    for (const process of allProcesses(container)) if (process.takeover !== undefined) byDir.set(process.takeover.dir, process);
  }
  for (const found of task.processes) {
    if (!takeUp(byDir.get(found.dir), found)) closeHeld(found.taken);
  }
  return done;
}

/** @returns whether the descriptors are held now */
function takeUp(process: ProcessEntry | undefined, { shim, taken }: ShimProcess): boolean {
  // Ended meanwhile, undone, or with another shim.
  if (process?.handle === undefined || process.handle.isClosed || process.state === 'stopped' || process.shim !== undefined) return false;
  process.shim = shim;
  if (process.adopting === true) return false;
  process.handle.hold(taken);
  void letInputEnd(process);
  return true;
}
