import { faultPoint } from '../../../sys/fault';
import { viewOf } from '../../container';
import { eventOf } from '../../container-event';
import type { Context } from '../../context';
import { SupervisorError } from '../../errors';
import { tellOom } from '../../oom-told';
import { processEnded } from '../../process-end';
import { shimDied } from '../../shim-death';
import { type Outcome, type TaskOf, answer, refusal } from '../../task';
import { toldFact } from '../../told-process';

/**
 * A task's init process is made and waits: it is in the log from here on, and told. A client that has gone away by now, or a log
 * that cannot be written, makes it a creation that is undone.
 */
export function commitCreate(task: TaskOf<'commitCreate'>, context: Context): Outcome<'commitCreate'> {
  const { container, detail } = task;
  const { id, init } = container;
  const { startKey } = init;
  if (task.cancel.aborted) return refusal(new SupervisorError('cancelled', { id }));
  context.publisher.mustTell(eventOf(container, 'create', { startKey, pid: init.systemPid, detail }), toldFact(id, init.id, { startKey, stage: 'created' }));
  faultPoint('daemon.create.told');
  init.isTold = true;
  const view = viewOf(container);
  context.log.info({ id, pid: init.systemPid }, 'task created');
  tellOom(container, context);
  if (init.end !== undefined) processEnded(container, init, init.end, context);
  else if (init.lostShim === true) shimDied(container, init, context);
  return answer(view);
}
