import type { Context } from '../../context';
import { letInputEnd } from '../../let-input-end';
import { type Outcome, type TaskOf, done } from '../../task';

/** Another shim has taken a process over: its end is watched again. */
export function adopted(task: TaskOf<'adopted'>, context: Context): Outcome<'adopted'> {
  const { process, shim } = task;
  delete process.adopting;
  if (process.state === 'stopped' || process.watched === undefined) return done;
  process.shim = shim;
  void letInputEnd(process);
  context.monitor.watchExit(process.watched);
  return done;
}
