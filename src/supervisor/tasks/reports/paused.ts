import type { Context } from '../../context';
import { containerPaused } from '../../freezer-state';
import { type Outcome, type TaskOf, done } from '../../task';

/** The container has been paused. */
export function paused(task: TaskOf<'paused'>, context: Context): Outcome<'paused'> {
  containerPaused(task.container, context);
  return done;
}
