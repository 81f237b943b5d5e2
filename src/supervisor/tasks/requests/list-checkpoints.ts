import { checkpointsOf, listCheckpoints as list } from '../../../worker/runtime/checkpoints';
import type { Context } from '../../context';
import { SupervisorError } from '../../errors';
import { type Outcome, type TaskOf, later, refusal } from '../../task';

/** ListCheckpoint: what is whole, after what the container's lane has waiting. */
export function listCheckpoints(task: TaskOf<'listCheckpoints'>, context: Context): Outcome<'listCheckpoints'> {
  const { id, checkpointDir, reply } = task;
  const container = context.table.get(id);
  if (container === undefined) return refusal(new SupervisorError('no-such-containers', { id }));
  const place = checkpointsOf(container.record.bundle, checkpointDir);
  context.lanes.runWhileQuick(id, async () => {
    try {
      reply.resolve(await list(context.tools, place, task.cancel));
    } catch (error) {
      reply.reject(error as Error);
    }
  });
  return later;
}
