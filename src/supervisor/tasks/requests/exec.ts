import type { Context } from '../../context';
import { takeExecName } from '../../exec-record';
import { workOnExec } from '../../exec-work';
import { type Outcome, type TaskOf, later } from '../../task';

/** AddProcess: takes the name, and hands the exec to the container's lane. */
export function exec(task: TaskOf<'exec'>, context: Context): Outcome<'exec'> {
  const taken = takeExecName(task, 'creating', context);
  const { container, process } = taken;
  context.lanes.run(task.id, () =>
    workOnExec(task, taken, { isRegistered: false, failed: () => context.ask('execFailed', { container, process }) }, context));
  return later;
}
