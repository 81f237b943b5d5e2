import { faultPoint } from '../../../sys/fault';
import { viewOf } from '../../container';
import { eventOf } from '../../container-event';
import type { Context } from '../../context';
import { SupervisorError } from '../../errors';
import { tellOom } from '../../oom-told';
import { processEnded } from '../../process-end';
import { transition } from '../../process-state';
import { shimDied } from '../../shim-death';
import { type Outcome, type TaskOf, answer, refusal } from '../../task';

/**
 * The runtime has started the container: the start is in the log from here on, and
 * told. A client that has gone away by now, or a log that cannot be written, makes
 * it a start that is undone.
 */
export function commitStart(task: TaskOf<'commitStart'>, context: Context): Outcome<'commitStart'> {
  const { container } = task;
  const { id, init } = container;
  if (task.cancel.aborted) return refusal(new SupervisorError('cancelled', { id }));
  context.publisher.mustTell(eventOf(container, 'start-container', { startKey: init.startKey, pid: init.systemPid }));
  faultPoint('daemon.start.told');
  init.state = transition(init.state, 'started');
  init.isTold = true;
  const view = viewOf(container);
  context.log.info({ id, pid: init.systemPid }, 'container started');
  // It may have run out of memory, or be over already: that was kept until its start was told.
  tellOom(container, context);
  if (init.end !== undefined) processEnded(container, init, init.end, context);
  else if (init.lostShim === true) shimDied(container, init, context);
  return answer(view);
}
