import type { Context } from '../../context';
import { unwatchProcess } from '../../process-watch';
import { type Outcome, type TaskOf, done } from '../../task';

/** A start is about to be undone: its descriptors are closed next, so nothing watches them any more. */
export function undoing(task: TaskOf<'undoing'>, context: Context): Outcome<'undoing'> {
  const { container } = task;
  unwatchProcess(container.init, context);
  context.monitor.unwatchOom(container.id);
  return done;
}
