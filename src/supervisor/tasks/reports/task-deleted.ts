import { type ToldEnd, toldEnd } from '../../container';
import { eventOf } from '../../container-event';
import type { Context } from '../../context';
import { forgetOom } from '../../oom-told';
import { answerWaiters } from '../../process-end';
import { type Outcome, type TaskOf, answer, done } from '../../task';
import { forgetTold } from '../../told-process';

/** A task is removed: its container may have another. */
export function taskDeleted(task: TaskOf<'taskDeleted'>, context: Context): Outcome<'taskDeleted'> {
  const { container, isCreated } = task;
  const { id, init } = container;
  const end: ToldEnd | undefined = isCreated ? undefined : toldEnd(init);
  const { log } = context.publisher;
  context.table.delete(id);
  for (const process of [init, ...container.execs.values()]) {
    forgetTold(log, id, process.id);
    answerWaiters(process);
  }
  if (container.oomKillsTold > 0) forgetOom(log, id);
  context.publisher.tell(eventOf(container, 'delete', {
    status: end?.status ?? 0,
    startKey: init.startKey,
    pid: init.systemPid,
    ...(end === undefined ? {} : { exitedAtNs: end.exitedAtNs }),
  }));
  context.log.info({ id }, 'task deleted');
  return answer({ pid: init.systemPid, end });
}

/** Something keeps a task from being removed: it stays as it was. */
export function taskNotDeleted(task: TaskOf<'taskNotDeleted'>): Outcome<'taskNotDeleted'> {
  delete task.container.init.deleting;
  return done;
}
