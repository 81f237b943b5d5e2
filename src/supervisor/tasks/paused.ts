import type { Context } from '../context';
import { canBe, transition } from '../process-state';
import { type Outcome, type TaskOf, done } from '../task';

/** The runtime has paused the container. Its end may have come in between: then there is nothing to say. */
export function paused(task: TaskOf<'paused'>, context: Context): Outcome<'paused'> {
  const { id, init } = task.container;
  if (!canBe(init.state, 'paused')) return done;
  init.state = transition(init.state, 'paused');
  context.publisher.tell({ type: 'pause', containerId: id, processId: '', status: 0, startKey: '' });
  return done;
}
