import { INIT } from '../../../runtime/state-dir/layout';
import type { Context } from '../../context';
import { forgetOom } from '../../oom-told';
import { answerWaiters, endOf, execGone } from '../../process-end';
import { type Outcome, type TaskOf, done } from '../../task';

/** What an ended process left has been removed: its name is free again, and its end is told. */
export function endFinished(task: TaskOf<'endFinished'>, context: Context): Outcome<'endFinished'> {
  const { container, process } = task;
  const end = endOf(container, process);
  context.publisher.tellEnd(end, () => {
    if (process.id === INIT) {
      context.table.delete(container.id);
      if (container.oomKillsTold > 0) forgetOom(context.publisher.log, container.id);
    } else execGone(container, process, context);
    answerWaiters(process);
    context.log.info({ id: container.id, process: process.id, status: end.status }, 'process ended');
  });
  return done;
}
