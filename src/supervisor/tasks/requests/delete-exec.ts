import { deleteExec as remove } from '../../../worker/delete-container';
import { type ContainerEntry, type ProcessEntry, toldEnd } from '../../container';
import type { Context } from '../../context';
import { SupervisorError } from '../../errors';
import { answerWaiters, execGone } from '../../process-end';
import { type Outcome, type TaskOf, answer, done, later } from '../../task';
import { forgetTold } from '../../told-process';

/** Removes an exec'd process that is over, or was never started. */
export function deleteExec(task: TaskOf<'deleteExec'>, context: Context): Outcome<'deleteExec'> {
  const { id, processId } = task;
  const container = context.table.get(id);
  if (container?.init.isTold !== true) throw new SupervisorError('container-not-found', { id });
  const process = container.execs.get(processId);
  if (process?.isTold !== true || process.deleting === true) throw new SupervisorError('process-not-found', { id, processId });
  if (process.state !== 'registered' && process.isEndTold !== true) {
    throw new SupervisorError('wrong-state', { id, processId }, { detail: 'cannot delete a running process' });
  }
  process.deleting = true;
  void context.ends.add(() => work(task, container, process, context));
  return later;
}

async function work(task: TaskOf<'deleteExec'>, container: ContainerEntry, process: ProcessEntry, context: Context): Promise<void> {
  try {
    if (process.takeover !== undefined) await remove(context.tools, process.takeover, process.shim, process.end?.isLetGo === true);
    task.reply.resolve(await context.ask('execDeleted', { container, process }));
  } catch (error) {
    await context.ask('execNotDeleted', { process });
    task.reply.reject(error as Error);
  }
}

/** Its name is free again. */
export function execDeleted(task: TaskOf<'execDeleted'>, context: Context): Outcome<'execDeleted'> {
  const { container, process } = task;
  forgetTold(context.publisher.log, container.id, process.id);
  answerWaiters(process);
  execGone(container, process, context);
  return answer({ pid: process.systemPid, end: toldEnd(process) });
}

/** Something keeps it from being removed: it stays as it was. */
export function execNotDeleted(task: TaskOf<'execNotDeleted'>): Outcome<'execNotDeleted'> {
  delete task.process.deleting;
  return done;
}
