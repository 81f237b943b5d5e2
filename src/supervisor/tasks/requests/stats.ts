import type { Context } from '../../context';
import { SupervisorError } from '../../errors';
import { isAlive } from '../../process-state';
import { type Outcome, type TaskOf, answer, refusal } from '../../task';

/** Stats: where the container's figures are; they are read outside of the loop. */
export function stats(task: TaskOf<'stats'>, context: Context): Outcome<'stats'> {
  const { id } = task;
  const container = context.table.get(id);
  if (container?.cgroup === undefined || !isAlive(container.init.state)) {
    return refusal(new SupervisorError('container-not-found', { id }));
  }
  return answer({ cgroup: container.cgroup, pid: container.init.systemPid });
}
