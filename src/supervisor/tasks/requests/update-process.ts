import { findProcess } from '../../container';
import type { Context } from '../../context';
import { SupervisorError } from '../../errors';
import { letInputEnd } from '../../let-input-end';
import { isAlive } from '../../process-state';
import { type Outcome, type TaskOf, done, refusal } from '../../task';

/** UpdateProcess: stdin closed, the terminal's size set; the shim is told through the control FIFO. */
export function updateProcess(task: TaskOf<'updateProcess'>, context: Context): Outcome<'updateProcess'> {
  const { id, processId } = task;
  const container = context.table.get(id);
  if (container === undefined) return refusal(new SupervisorError('container-not-found', { id }));
  const process = findProcess(container, processId);
  if (process?.isTold === true && (process.state === 'registered' || process.state === 'creating')) {
    // A client whose own input has ended does not wait for the answer to its start; a terminal that is not there has no size.
    process.closesStdin ||= task.closeStdin;
    return done;
  }
  if (process?.handle === undefined || !isAlive(process.state)) {
    return refusal(new SupervisorError('process-not-found', { id, processId }));
  }
  try {
    if (task.closeStdin) process.handle.closeStdin();
    if (task.closeStdin) void letInputEnd(process);
    if (task.width > 0 || task.height > 0) process.handle.resize(task.width, task.height);
  } catch (cause) {
    // The FIFO holds thousands of lines: a full one has nobody reading it.
    const detail = `the shim does not read its control FIFO: ${(cause as Error).message}`;
    return refusal(new SupervisorError('wrong-state', { id, processId }, { cause, detail }));
  }
  return done;
}
