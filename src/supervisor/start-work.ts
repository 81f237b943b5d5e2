import { findCgroup } from '../runtime/cgroups/find';
import { readCgroup, writeCgroup } from '../runtime/cgroups/cgroup-file';
import { openOomSource } from '../runtime/cgroups/open-oom-source';
import { isShortage } from '../sys/shortage';
import type { CreatedContainer, StartHooks, StartRequest, createContainer, startContainer } from '../worker/start-container';
import { containerRecordOf } from '../worker/start-container';
import { type ContainerEntry, newContainer } from './container';
import type { Context } from './context';
import { SupervisorError } from './errors';
import type { TaskOf } from './task';

/** A request that makes a container: in one piece with its start, or by itself. */
type MakingTask = TaskOf<'start' | 'createTask'>;

export interface MakingSteps {
  /** The sequence of the worker. */
  readonly sequence: typeof startContainer | typeof createContainer;
  /** Tells it, and answers. */
  readonly commit: (container: ContainerEntry) => Promise<void>;
}

/** Takes the id, and hands the work to a worker of the pool. For the loop's handlers. @throws SupervisorError */
export function makeContainer(task: MakingTask, steps: MakingSteps, context: Context): ContainerEntry {
  const { request } = task;
  const { id } = request;
  if (context.table.has(id)) throw new SupervisorError('container-exists', { id });
  if (!context.starts.hasRoom) throw new SupervisorError('busy', { id });
  if (context.publisher.backlog > 0) throw new SupervisorError('log-unavailable', { id });
  const container = newContainer(id, containerRecordOf(request));
  context.table.set(id, container);
  context.starts.run(
    () => new Promise((leave) => { void work(task, request, container, steps, context, leave).finally(leave); }),
  );
  return container;
}

/**
 * What the worker does. The supervisor's state changes in the tasks that it asks for.
 * @param leave gives the worker up while there is still something to undo
 */
async function work(
  task: MakingTask,
  request: StartRequest,
  container: ContainerEntry,
  steps: MakingSteps,
  context: Context,
  leave: () => void,
): Promise<void> {
  const beganMs = performance.now();
  const hooks: StartHooks = {
    created: (created) => {
      context.timings.record('container-create-time', performance.now() - beganMs);
      return context.ask('created', { container, created, ...cgroupOf(created, context) });
    },
    commit: () => steps.commit(container),
    undoing: () => context.ask('undoing', { container }),
    undoWaits: (error) => {
      // The id stays taken meanwhile.
      task.reply.reject(error as Error);
      leave();
    },
  };
  try {
    await steps.sequence(context.tools, request, task.cancel, hooks);
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
    // A host program's shim has written down where it has made one: of what it has left alone, the host's is not the program's.
    const written = readCgroup(handle.dir);
    const cgroup = written ?? findCgroup(pid);
    if (written === undefined) writeCgroup(handle.dir, cgroup);
    return { cgroup, oom: openOomSource(cgroup) };
  } catch (error) {
    if (isShortage(error)) throw error;
    context.log.warn({ dir: handle.dir, err: error }, 'no OOM notifications for this container');
    return { cgroup: undefined, oom: undefined };
  }
}
