import { faultPoint } from '../../sys/fault';
import type { Context } from '../context';
import { SupervisorError } from '../errors';
import { transition } from '../process-state';
import { unwatchProcess, watchProcess } from '../process-watch';
import { type Outcome, type TaskOf, answer, refusal } from '../task';

/** An exec'd process runs: it is in the log from here on, told, and its end watched. */
export function commitExec(task: TaskOf<'commitExec'>, context: Context): Outcome<'commitExec'> {
  const { container, process, executed } = task;
  const { id } = container;
  const { identity } = executed.handle;
  if (task.cancel.aborted) return refusal(new SupervisorError('cancelled', { id, processId: process.id }));
  if (identity === undefined) return refusal(new SupervisorError('not-started', { id, processId: process.id }));
  faultPoint('daemon.exec.before-watch');
  // A process that is over already has hung up its FIFO, which this watch reports in a later turn.
  watchProcess(container, process, executed.handle, context);
  try {
    context.publisher.mustTell({
      type: 'start-process',
      containerId: id,
      processId: process.id,
      status: 0,
      startKey: identity.startKey,
    });
  } catch (error) {
    unwatchProcess(process, context);
    throw error;
  }
  faultPoint('daemon.exec.told');
  process.state = transition(transition(process.state, 'created'), 'started');
  process.shim = executed.shim;
  context.log.info({ id, process: process.id, pid: process.systemPid }, 'process started');
  return answer(process.systemPid);
}
