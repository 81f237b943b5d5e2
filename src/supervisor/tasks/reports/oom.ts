import type { Context } from '../../context';
import { tellOom } from '../../oom-told';
import { type Outcome, type TaskOf, done } from '../../task';

/** A container is out of memory: the kernel's OOM killer acted in its cgroup, or may not, and it hangs. */
export function oom(task: TaskOf<'oom'>, context: Context): Outcome<'oom'> {
  const container = context.table.get(task.id);
  if (container === undefined) return done;
  container.oomKills = Math.max(container.oomKills, task.kills);
  container.oomStalls = Math.max(container.oomStalls, task.stalls);
  tellOom(container, context);
  return done;
}
