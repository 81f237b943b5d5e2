import { nameOf } from '../../../runtime/state-dir/container-key';
import { viewOf } from '../../container';
import type { Context } from '../../context';
import { SupervisorError } from '../../errors';
import { type Outcome, type TaskOf, answer, refusal } from '../../task';

/** State: copies of all containers, or of one. Those whose start has not been told are not there yet. */
export function getContainers(task: TaskOf<'getContainers'>, context: Context): Outcome<'getContainers'> {
  const { id, namespace } = task;
  if (id === '') {
    const there = [...context.table.values()].filter((container) => container.init.isTold && (namespace === undefined || nameOf(container.id).namespace === namespace));
    return answer(there.map(viewOf));
  }
  const container = context.table.get(id);
  if (container === undefined || !container.init.isTold) {
    return task.ifThere === true ? answer([]) : refusal(new SupervisorError('container-not-found', { id }));
  }
  return answer([viewOf(container)]);
}
