import type { Context } from '../context';
import { containerResumed } from '../freezer-state';
import { type Outcome, type TaskOf, done } from '../task';

/** The runtime has resumed the container. */
export function resumed(task: TaskOf<'resumed'>, context: Context): Outcome<'resumed'> {
  containerResumed(task.container, context);
  return done;
}
