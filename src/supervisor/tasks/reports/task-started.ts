import { faultPoint } from '../../../sys/fault';
import type { ContainerEntry } from '../../container';
import { eventOf } from '../../container-event';
import type { Context } from '../../context';
import { processEnded } from '../../process-end';
import { transition } from '../../process-state';
import { shimDied } from '../../shim-death';
import { type Outcome, type TaskOf, answer, done } from '../../task';
import { toldFact } from '../../told-process';

/** The runtime has let a task go: that is told before anything else of it, even where it is over already. */
export function taskStarted(task: TaskOf<'taskStarted'>, context: Context): Outcome<'taskStarted'> {
  const { container } = task;
  const { id, init } = container;
  const { startKey } = init;
  init.state = transition(init.state, 'started');
  // Whoever asked has been told that it runs even if the log cannot be written: then the event waits in its place.
  context.publisher.tell(eventOf(container, 'start-container', { startKey, pid: init.systemPid }), toldFact(id, init.id, { startKey, stage: 'started' }));
  faultPoint('daemon.start-task.told');
  context.log.info({ id, pid: init.systemPid }, 'task started');
  startIsOver(container, context);
  return answer(init.systemPid);
}

/** The runtime has not let it go: it waits as before, unless it is over. */
export function taskNotStarted(task: TaskOf<'taskNotStarted'>, context: Context): Outcome<'taskNotStarted'> {
  startIsOver(task.container, context);
  return done;
}

function startIsOver(container: ContainerEntry, context: Context): void {
  const { init } = container;
  delete init.starting;
  if (init.end !== undefined) processEnded(container, init, init.end, context);
  else if (init.lostShim === true) shimDied(container, init, context);
}
