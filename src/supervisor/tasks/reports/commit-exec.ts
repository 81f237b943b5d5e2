import { faultPoint } from '../../../sys/fault';
import type { ProcessIdentity } from '../../../worker/process-identity';
import type { ContainerEntry, ProcessEntry } from '../../container';
import { eventOf } from '../../container-event';
import type { Context } from '../../context';
import { SupervisorError } from '../../errors';
import { letInputEnd } from '../../let-input-end';
import { transition } from '../../process-state';
import { unwatchProcess, watchProcess } from '../../process-watch';
import { toldFact } from '../../told-process';
import { type Outcome, type TaskOf, answer, refusal } from '../../task';

/** An exec'd process runs: it is in the log from here on, told (but for a quiet one), and its end watched. */
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
    if (process.record?.isQuiet !== true) tellStart(container, process, identity, context);
  } catch (error) {
    unwatchProcess(process, context);
    throw error;
  }
  faultPoint('daemon.exec.told');
  process.state = transition(transition(process.state, 'created'), 'started');
  process.isTold = true;
  process.shim = executed.shim;
  if (process.closesStdin === true) {
    executed.handle.closeStdin();
    void letInputEnd(process);
  }
  context.log[process.record?.isQuiet === true ? 'debug' : 'info']({ id, process: process.id, pid: process.systemPid }, 'process started');
  return answer(process.systemPid);
}

function tellStart(container: ContainerEntry, process: ProcessEntry, { startKey, pid }: Pick<ProcessIdentity, 'startKey' | 'pid'>, { publisher }: Context): void {
  const fact = container.isKept ? toldFact(container.id, process.id, { startKey, stage: 'started' }) : undefined;
  publisher.mustTell(eventOf(container, 'start-process', { processId: process.id, startKey, pid }), fact);
}
