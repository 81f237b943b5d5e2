import type { Context } from '../context';
import { canBe, transition } from '../process-state';
import { type Outcome, type TaskOf, done } from '../task';

/** The runtime has resumed the container. Its end may have come in between: then there is nothing to say. */
export function resumed(task: TaskOf<'resumed'>, context: Context): Outcome<'resumed'> {
  const { id, init } = task.container;
  if (!canBe(init.state, 'resumed')) return done;
  init.state = transition(init.state, 'resumed');
  context.publisher.tell({ type: 'resume', containerId: id, processId: '', status: 0, startKey: '' });
  return done;
}
