import { createContainer } from '../../../worker/start-container';
import type { Context } from '../../context';
import { makeContainer } from '../../start-work';
import { type Outcome, type TaskOf, later } from '../../task';

/** Makes a container's init process, which waits for its start. It stays after its end, until it is deleted. */
export function createTask(task: TaskOf<'createTask'>, context: Context): Outcome<'createTask'> {
  const { detail } = task;
  makeContainer(task, {
    sequence: createContainer,
    commit: async (container) => { task.reply.resolve(await context.ask('commitCreate', { container, detail }, task.cancel)); },
  }, context);
  return later;
}
