import type { Context } from '../../context';
import { type Outcome, type TaskOf, done } from '../../task';

/** A start that failed has been undone: its id is free again. */
export function startFailed(task: TaskOf<'startFailed'>, context: Context): Outcome<'startFailed'> {
  const { container } = task;
  if (context.table.get(container.id) === container) context.table.delete(container.id);
  return done;
}
