import { INIT } from '../../../runtime/state-dir/layout';
import { deleteContainer } from '../../../worker/delete-container';
import type { Takeover } from '../../../worker/shims/shim';
import type { ContainerEntry } from '../../container';
import type { Context } from '../../context';
import { SupervisorError } from '../../errors';
import { type Outcome, type TaskOf, later } from '../../task';

/**
 * Removes a task that is over, or that has not been started: that one's init process is ended first. In the container's lane,
 * after what is under way there.
 */
export function deleteTask(task: TaskOf<'deleteTask'>, context: Context): Outcome<'deleteTask'> {
  const { id } = task;
  const container = context.table.get(id);
  const takeover = container?.init.takeover;
  if (container === undefined || takeover === undefined || !container.init.isTold) throw new SupervisorError('container-not-found', { id });
  const { init } = container;
  const isCreated = init.state === 'created' && init.starting !== true;
  if (!isCreated && init.state !== 'stopped') {
    throw new SupervisorError('wrong-state', { id }, { detail: `cannot delete a ${init.state === 'paused' ? 'paused' : 'running'} process` });
  }
  if (init.deleting === true) throw new SupervisorError('container-not-found', { id });
  if (!context.lanes.hasRoom) throw new SupervisorError('busy', { id });
  init.deleting = true;
  context.lanes.run(id, () => work(task, { container, takeover, isCreated }, context));
  return later;
}

interface Deletion {
  readonly container: ContainerEntry;
  readonly takeover: Takeover;
  /** It has never been started: its end is nobody's, and the answer has none. */
  readonly isCreated: boolean;
}

async function work(task: TaskOf<'deleteTask'>, { container, takeover, isCreated }: Deletion, context: Context): Promise<void> {
  const beganMs = performance.now();
  try {
    await deleteContainer(context.tools, takeover, container.init.shim, () => context.ask('wait', { id: container.id, processId: INIT }));
    task.reply.resolve(await context.ask('taskDeleted', { container, isCreated }));
    context.timings.record('container-delete-time', performance.now() - beganMs);
  } catch (error) {
    await context.ask('taskNotDeleted', { container });
    context.log.error({ id: container.id, err: error }, 'a task cannot be deleted yet');
    task.reply.reject(error as Error);
  }
}
