import { pauseContainer } from '../../../worker/runtime/pause';
import type { Context } from '../../context';
import { followFreezer } from '../../freezer-state';
import { findRunning } from '../../running';
import { type Outcome, type TaskOf, later } from '../../task';

/** UpdateContainer with status `paused`: in the container's lane. */
export function pause(task: TaskOf<'pause'>, context: Context): Outcome<'pause'> {
  const { container, target } = findRunning(task.id, context);
  context.lanes.run(task.id, async () => {
    try {
      await pauseContainer(context.tools, { ...target, cgroup: container.cgroup }, task.cancel);
      task.reply.resolve(await context.ask('paused', { container }));
    } catch (error) {
      await followFreezer(container, context);
      task.reply.reject(error as Error);
    }
  });
  return later;
}
