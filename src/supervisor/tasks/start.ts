import { writeCgroup } from '../../runtime/cgroups/cgroup-file';
import { findCgroup } from '../../runtime/cgroups/find';
import { openOomSource } from '../../runtime/cgroups/open-oom-source';
import { isShortage } from '../../sys/shortage';
import { type CreatedContainer, containerRecordOf, startContainer } from '../../worker/start-container';
import { type ContainerEntry, newContainer } from '../container';
import type { Context } from '../context';
import { SupervisorError } from '../errors';
import { type Outcome, type TaskOf, later, refusal } from '../task';

/** CreateContainer: takes the id, and hands the start to a worker of the pool. */
export function start(task: TaskOf<'start'>, context: Context): Outcome<'start'> {
  const { request } = task;
  const { id } = request;
  if (context.table.has(id)) return refusal(new SupervisorError('container-exists', { id }));
  if (!context.starts.hasRoom) return refusal(new SupervisorError('busy', { id }));
  if (context.publisher.backlog > 0) return refusal(new SupervisorError('log-unavailable', { id }));
  const container = newContainer(id, containerRecordOf(request));
  context.table.set(id, container);
  context.starts.run(
    () => new Promise((leave) => { void work(task, container, context, leave).finally(leave); }),
  );
  return later;
}

/**
 * What the worker does. The supervisor's state changes in the tasks that it asks for.
 * @param leave gives the worker up while there is still something to undo
 */
async function work(task: TaskOf<'start'>, container: ContainerEntry, context: Context, leave: () => void): Promise<void> {
  const beganMs = performance.now();
  try {
    await startContainer(context.tools, task.request, task.cancel, {
      created: (created) => {
        context.timings.record('container-create-time', performance.now() - beganMs);
        return context.ask('created', { container, created, ...cgroupOf(created, context) });
      },
      commit: async () => {
        task.reply.resolve(await context.ask('commitStart', { container }, task.cancel));
      },
      undoing: () => context.ask('undoing', { container }),
      undoWaits: (error) => {
        // The id stays taken meanwhile.
        task.reply.reject(error as Error);
        leave();
      },
    });
    context.timings.record('container-start-time', performance.now() - beganMs);
  } catch (error) {
    await context.ask('startFailed', { container });
    context.log.warn({ id: container.id, err: error }, 'container not started');
    task.reply.reject(error as Error);
  }
}

/** A container without figures or OOM notifications still runs: what is missing is said in the log. @throws what has run out */
function cgroupOf({ handle }: CreatedContainer, context: Context) {
  const pid = handle.identity?.pid;
  if (pid === undefined) return { cgroup: undefined, oom: undefined };
  try {
    const cgroup = findCgroup(pid);
    writeCgroup(handle.dir, cgroup);
    return { cgroup, oom: openOomSource(cgroup) };
  } catch (error) {
    if (isShortage(error)) throw error;
    context.log.warn({ dir: handle.dir, err: error }, 'no OOM notifications for this container');
    return { cgroup: undefined, oom: undefined };
  }
}
