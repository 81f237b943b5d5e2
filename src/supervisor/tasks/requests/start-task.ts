import { clearStartCall, markStartCall } from '../../../runtime/state-dir/process-dir';
import { faultPoint } from '../../../sys/fault';
import { callStart } from '../../../worker/start-container';
import { askRuntimeState } from '../../../worker/runtime/runtime-state';
import type { Target } from '../../../worker/runtime/container-call';
import type { ContainerEntry } from '../../container';
import type { Context } from '../../context';
import { SupervisorError } from '../../errors';
import { type Outcome, type TaskOf, later } from '../../task';

/** A start that has begun is not taken back, unless it was asked for so: who has gone away finds the task running. */
const never = new AbortController().signal;

/** Lets a created task go: the runtime's `start`, by a worker of the pool. */
export function startTask(task: TaskOf<'startTask'>, context: Context): Outcome<'startTask'> {
  const { id } = task;
  const container = context.table.get(id);
  const takeover = container?.init.takeover;
  if (container === undefined || takeover === undefined || !container.init.isTold) throw new SupervisorError('container-not-found', { id });
  const { init } = container;
  if (init.state !== 'created' || init.end !== undefined) {
    const state = init.end === undefined ? 'running' : 'stopped';
    throw new SupervisorError('wrong-state', { id }, { detail: `cannot start a ${state} process` });
  }
  if (init.starting === true) throw new SupervisorError('wrong-state', { id }, { detail: 'cannot start a running process' });
  if (init.deleting === true) throw new SupervisorError('container-not-found', { id });
  if (!context.starts.hasRoom) throw new SupervisorError('busy', { id });
  if (context.publisher.backlog > 0) throw new SupervisorError('log-unavailable', { id });
  init.starting = true;
  context.starts.runNext(() => work(task, container, { takeover, runtimeArgs: container.record.runtimeArgs }, context));
  return later;
}

async function work(task: TaskOf<'startTask'>, container: ContainerEntry, target: Target, context: Context): Promise<void> {
  const beganMs = performance.now();
  const { takeover } = target;
  try {
    await startOnce(target, (container.init.record?.checkpoint ?? '') !== '', task.undoable === true ? task.cancel : never, context);
    task.reply.resolve(await context.ask('taskStarted', { container }));
    context.timings.record('container-start-time', performance.now() - beganMs);
  } catch (error) {
    await context.ask('taskNotStarted', { container });
    context.log.warn({ id: container.id, err: error }, 'task not started');
    task.reply.reject(error as Error);
  } finally {
    clearMark(takeover.dir, context);
  }
}

/** What fails on its way, or is cut off, may have let the process go all the same: the runtime knows. */
async function startOnce(target: Target, isRestored: boolean, cancel: AbortSignal, context: Context): Promise<void> {
  const { takeover, runtimeArgs } = target;
  try {
    // Before the runtime is called: a shim must not have it delete the container under its own `start`.
    markStartCall(takeover.dir);
    // A restored one runs already: the runtime's `restore` is create and start in one.
    if (!isRestored) await callStart(context.tools, target, cancel);
  } catch (error) {
    const state = await askRuntimeState(context.tools, takeover, runtimeArgs);
    if (state.is !== 'running' || state.isCreated) throw error;
  }
  faultPoint('daemon.start-task.started');
}

/** A restart takes it away, too. */
function clearMark(dir: string, context: Context): void {
  try {
    clearStartCall(dir);
  } catch (error) {
    context.log.error({ dir, err: error }, 'the mark of a start cannot be removed');
  }
}
