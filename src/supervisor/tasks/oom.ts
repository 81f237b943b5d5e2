import type { Context } from '../context';
import { type Outcome, type TaskOf, done } from '../task';

/** The kernel's OOM killer acted in a container's cgroup: one event, however many it killed at once. */
export function oom(task: TaskOf<'oom'>, context: Context): Outcome<'oom'> {
  const { id, kills } = task;
  if (!context.table.has(id)) return done;
  context.publisher.tell({ type: 'oom', containerId: id, processId: '', status: 0, startKey: '' });
  context.log.info({ id, kills }, 'out of memory in the container');
  return done;
}
