import type { Context } from '../context';
import { tellOom } from '../oom-told';
import { type Outcome, type TaskOf, done } from '../task';

/** The kernel's OOM killer acted in a container's cgroup. */
export function oom(task: TaskOf<'oom'>, context: Context): Outcome<'oom'> {
  const container = context.table.get(task.id);
  if (container === undefined) return done;
  container.oomKills = Math.max(container.oomKills, task.kills);
  tellOom(container, context);
  return done;
}
