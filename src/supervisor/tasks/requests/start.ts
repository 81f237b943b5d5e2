import { startContainer } from '../../../worker/start-container';
import type { Context } from '../../context';
import { makeContainer } from '../../start-work';
import { type Outcome, type TaskOf, later } from '../../task';

/** CreateContainer of the legacy API: creates and starts in one piece, and answers when the container runs. */
export function start(task: TaskOf<'start'>, context: Context): Outcome<'start'> {
  makeContainer(task, {
    sequence: startContainer,
    commit: async (container) => { task.reply.resolve(await context.ask('commitStart', { container }, task.cancel)); },
  }, context);
  return later;
}
