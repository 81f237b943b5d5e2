import { checkpointArgs } from '../../../runtime/oci/oci-runtime';
import { faultPoint } from '../../../sys/fault';
import { callForContainer } from '../../../worker/runtime/container-call';
import type { Context } from '../../context';
import { findRunning } from '../../running';
import { type Outcome, type TaskOf, later } from '../../task';

/** Has the runtime write a checkpoint of a task, in the container's lane. A paused one stays so; one that ends with it tells of its end as always. */
export function checkpointTask(task: TaskOf<'checkpointTask'>, context: Context): Outcome<'checkpointTask'> {
  const { id, options } = task;
  const { container, target } = findRunning(id, context);
  context.lanes.run(id, async () => {
    try {
      await callForContainer(context.tools, target, 'checkpoint', (command, name) => checkpointArgs(command, name, options), task.cancel);
      faultPoint('daemon.checkpoint.written');
      task.reply.resolve(await context.ask('checkpointed', { container, imagePath: options.imagePath }));
    } catch (error) {
      task.reply.reject(error as Error);
    }
  });
  return later;
}
