import { findProcess } from '../../container';
import type { Context } from '../../context';
import { shimDied } from '../../shim-death';
import { type Outcome, type TaskOf, done } from '../../task';

/** The exit FIFO of a process hung up while it runs: its shim, ours or another, is gone. */
export function shimGone(task: TaskOf<'shimGone'>, context: Context): Outcome<'shimGone'> {
  const watched = task.process;
  const container = context.table.get(watched.id);
  const process = container === undefined ? undefined : findProcess(container, watched.processId);
  if (container === undefined || process?.watched !== watched) return done;
  shimDied(container, process, context);
  return done;
}
