import type { Context } from '../../context';
import { containerResumed } from '../../freezer-state';
import { type Outcome, type TaskOf, done } from '../../task';

/** The container has been resumed. */
export function resumed(task: TaskOf<'resumed'>, context: Context): Outcome<'resumed'> {
  containerResumed(task.container, context);
  return done;
}
