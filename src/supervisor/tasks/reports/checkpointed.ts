import { eventOf } from '../../container-event';
import type { Context } from '../../context';
import { type Outcome, type TaskOf, done } from '../../task';

/** The runtime has written a checkpoint. */
export function checkpointed({ container, imagePath }: TaskOf<'checkpointed'>, context: Context): Outcome<'checkpointed'> {
  context.publisher.tell(eventOf(container, 'checkpointed', { detail: { checkpoint: imagePath } }));
  return done;
}
