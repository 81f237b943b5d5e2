import { type ContainerEntry, newContainer } from '../../container';
import type { Context } from '../../context';
import { type Outcome, type TaskOf, answer } from '../../task';

/** A restart has found a start that is undone when the shim answers that may be at it: until then nobody else gets its id. */
export function undoneLater(task: TaskOf<'undoneLater'>, context: Context): Outcome<'undoneLater'> {
  const container: ContainerEntry = newContainer(task.id, task.record);
  context.table.set(task.id, container);
  return answer(container);
}
