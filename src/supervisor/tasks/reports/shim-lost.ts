import { allProcesses } from '../../container';
import type { Context } from '../../context';
import { type Outcome, type TaskOf, done } from '../../task';

/** One of our shims is gone: all its processes want another. */
export function shimLost(task: TaskOf<'shimLost'>, context: Context): Outcome<'shimLost'> {
  context.log.warn({ shim: task.name }, 'a shim is gone');
  for (const container of context.table.values()) {
    // Exec'd processes first: the shim that adopts tells the end of init as the container's last.
    for (const process of allProcesses(container).reverse()) {
      if (process.shim?.name !== task.name || process.adopting === true || process.watched === undefined) continue;
      // One that ended before its shim, or with it, has its own status.
      context.monitor.reportNow(process.watched);
    }
  }
  return done;
}
