import { resumeContainer } from '../../../worker/runtime/pause';
import type { Context } from '../../context';
import { followFreezer } from '../../freezer-state';
import { findRunning } from '../../running';
import { type Outcome, type TaskOf, later } from '../../task';

/** UpdateContainer with status `running`: in the container's lane. */
export function resume(task: TaskOf<'resume'>, context: Context): Outcome<'resume'> {
  const { container, target } = findRunning(task.id, context);
  context.lanes.run(task.id, async () => {
    try {
      await resumeContainer(context.tools, { ...target, cgroup: container.cgroup }, task.cancel);
      task.reply.resolve(await context.ask('resumed', { container }));
    } catch (error) {
      await followFreezer(container, context);
      task.reply.reject(error as Error);
    }
  });
  return later;
}
