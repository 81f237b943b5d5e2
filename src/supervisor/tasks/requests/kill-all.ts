import { killAllArgs } from '../../../runtime/oci/oci-runtime';
import { INIT } from '../../../runtime/state-dir/layout';
import { SIGKILL } from '../../../sys/process/process';
import { callForContainer } from '../../../worker/runtime/container-call';
import type { Context } from '../../context';
import { findRunning } from '../../running';
import { type Outcome, type TaskOf, later } from '../../task';

/** A signal to every process of the container's cgroup: through the runtime, in the container's lane. */
export function killAll(task: TaskOf<'killAll'>, context: Context): Outcome<'killAll'> {
  const { target } = findRunning(task.id, context, ['created', 'running', 'paused']);
  const { signal } = task;
  context.lanes.run(task.id, async () => {
    try {
      await callForContainer(context.tools, target, 'kill', (command, id) => killAllArgs(command, id, signal), task.cancel);
      // Frozen processes do not die of it on cgroup version 1: the one signal has the container thawed.
      if (signal === SIGKILL) await context.ask('signal', { id: task.id, processId: INIT, signal }).catch(() => undefined);
      task.reply.resolve();
    } catch (error) {
      task.reply.reject(error as Error);
    }
  });
  return later;
}
