import { checkpointsOf, createCheckpoint as create } from '../../../worker/runtime/checkpoints';
import type { Context } from '../../context';
import { findRunning } from '../../running';
import { type Outcome, type TaskOf, later } from '../../task';

/** CreateCheckpoint: through the runtime, in the container's lane. */
export function createCheckpoint(task: TaskOf<'createCheckpoint'>, context: Context): Outcome<'createCheckpoint'> {
  const { container, target } = findRunning(task.id, context);
  const place = checkpointsOf(container.record.bundle, task.checkpointDir);
  context.lanes.run(task.id, async () => {
    try {
      await create(context.tools, target, place, task.checkpoint, task.cancel);
      task.reply.resolve();
    } catch (error) {
      task.reply.reject(error as Error);
    }
  });
  return later;
}
