import { registerExec as register, unregisterExec } from '../../../worker/register-exec';
import { eventOf } from '../../container-event';
import type { Context } from '../../context';
import { takeExecName } from '../../exec-record';
import { SupervisorError } from '../../errors';
import { type Outcome, type TaskOf, done, later, refusal } from '../../task';

/** Takes the name of an exec'd process that is started later, and writes down what it is to be. */
export function registerExec(task: TaskOf<'registerExec'>, context: Context): Outcome<'registerExec'> {
  const { container, process, record, takeover } = takeExecName(task, 'registered', context);
  context.lanes.run(task.id, async () => {
    try {
      register(context.tools, takeover, record);
      task.reply.resolve(await context.ask('execRegistered', { container, process }));
    } catch (error) {
      unregisterExec(context.tools, takeover);
      await context.ask('execFailed', { container, process });
      task.reply.reject(error as Error);
    }
  });
  return later;
}

/** It is on disk: told from here on. */
export function execRegistered(task: TaskOf<'execRegistered'>, context: Context): Outcome<'execRegistered'> {
  const { container, process } = task;
  if (container.init.state === 'stopped') {
    // Nobody was told of it, and nobody could start it any more.
    return refusal(new SupervisorError('wrong-state', { id: container.id, processId: process.id }, { detail: 'cannot exec in a stopped state' }));
  }
  process.isTold = true;
  if (process.record?.isQuiet !== true) context.publisher.tell(eventOf(container, 'exec-added', { processId: process.id }));
  return done;
}
