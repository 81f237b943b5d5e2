import type { Context } from '../../context';
import { isAlive, transition } from '../../process-state';
import { type Outcome, type TaskOf, done } from '../../task';

/** The first process of a container that is held back is over. How it ended is told once the container can be read: until then as in `heldBack`. */
export function heldBackEnded({ container }: TaskOf<'heldBackEnded'>, context: Context): Outcome<'heldBackEnded'> {
  const { init } = container;
  if (context.table.get(container.id) !== container || !isAlive(init.state)) return done;
  init.state = transition(init.state, 'ended');
  if (container.isKept) init.isTold = false;
  return done;
}
