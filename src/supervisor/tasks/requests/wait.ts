import { type ToldEnd, findProcess, toldEnd } from '../../container';
import type { Context } from '../../context';
import { SupervisorError } from '../../errors';
import { type Outcome, type TaskOf, answer, later } from '../../task';

/** Answers once the process's end is told; `undefined` for one that will never run. Any number may wait, and go away again. */
export function wait(task: TaskOf<'wait'>, context: Context): Outcome<'wait'> {
  const { id, processId, reply, cancel } = task;
  const container = context.table.get(id);
  if (container?.init.isTold !== true) throw new SupervisorError('container-not-found', { id });
  const process = findProcess(container, processId);
  if (process?.isTold !== true) throw new SupervisorError('process-not-found', { id, processId });
  if (process.isEndTold === true || process.startFailed === true) return answer(toldEnd(process));
  if (cancel.aborted) throw new SupervisorError('cancelled', { id, processId });
  const waiter = (end: ToldEnd | undefined): void => {
    cancel.removeEventListener('abort', leave);
    reply.resolve(end);
  };
  const leave = (): void => {
    process.waiters.delete(waiter);
    reply.reject(new SupervisorError('cancelled', { id, processId }));
  };
  process.waiters.add(waiter);
  cancel.addEventListener('abort', leave, { once: true });
  return later;
}
