import type { Context } from '../context';
import { containerPaused } from '../freezer-state';
import { type Outcome, type TaskOf, done } from '../task';

/** The runtime has paused the container. */
export function paused(task: TaskOf<'paused'>, context: Context): Outcome<'paused'> {
  containerPaused(task.container, context);
  return done;
}
