import { checkpointsOf, deleteCheckpoint as remove } from '../../../worker/runtime/checkpoints';
import type { Context } from '../../context';
import { SupervisorError } from '../../errors';
import { type Outcome, type TaskOf, later, refusal } from '../../task';

/** DeleteCheckpoint: after what the container's lane has waiting, which may be that checkpoint's making. */
export function deleteCheckpoint(task: TaskOf<'deleteCheckpoint'>, context: Context): Outcome<'deleteCheckpoint'> {
  const { id, name, checkpointDir, reply } = task;
  const container = context.table.get(id);
  if (container === undefined) return refusal(new SupervisorError('container-not-found', { id }));
  const place = checkpointsOf(container.record.bundle, checkpointDir);
  context.lanes.runWhileQuick(id, async () => {
    try {
      await remove(context.tools, place, name, task.cancel);
      reply.resolve();
    } catch (error) {
      reply.reject(error as Error);
    }
  });
  return later;
}
