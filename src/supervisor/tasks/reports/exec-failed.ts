import type { Context } from '../../context';
import { execGone } from '../../process-end';
import { type Outcome, type TaskOf, done } from '../../task';

/** An exec that failed has been undone: its name is free again. */
export function execFailed(task: TaskOf<'execFailed'>, context: Context): Outcome<'execFailed'> {
  execGone(task.container, task.process, context);
  return done;
}
