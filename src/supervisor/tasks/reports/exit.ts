import { findProcess } from '../../container';
import type { Context } from '../../context';
import { processEnded } from '../../process-end';
import { type Outcome, type TaskOf, done } from '../../task';

/** The monitor saw the end of a process. */
export function exit(task: TaskOf<'exit'>, context: Context): Outcome<'exit'> {
  const watched = task.process;
  const container = context.table.get(watched.id);
  if (container === undefined) return done;
  const process = findProcess(container, watched.processId);
  // Another start may have the id and the name by now.
  if (process === undefined || process.watched !== watched) return done;
  processEnded(container, process, task.end, context);
  return done;
}
