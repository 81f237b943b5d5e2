import { updateArgs } from '../../../runtime/oci/oci-runtime';
import { callForContainer } from '../../../worker/runtime/container-call';
import type { Context } from '../../context';
import { findRunning } from '../../running';
import { type Outcome, type TaskOf, later } from '../../task';

/** UpdateContainer with resources: the runtime reads from its standard input what is to be changed, and no more. */
export function update(task: TaskOf<'update'>, context: Context): Outcome<'update'> {
  const { target } = findRunning(task.id, context);
  const { resources } = task;
  context.lanes.run(task.id, async () => {
    try {
      await callForContainer(context.tools, target, 'update', (command, id) => updateArgs(command, id, '-'), task.cancel, resources);
      task.reply.resolve();
    } catch (error) {
      task.reply.reject(error as Error);
    }
  });
  return later;
}
