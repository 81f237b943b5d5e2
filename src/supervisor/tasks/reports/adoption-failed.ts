import type { Context } from '../../context';
import { type Outcome, type TaskOf, done } from '../../task';

/** A process without a shim is looked at again: it has ended since, or its adoption is tried once more. */
export function adoptionFailed(task: TaskOf<'adoptionFailed'>, context: Context): Outcome<'adoptionFailed'> {
  const { process } = task;
  delete process.adopting;
  if (process.state !== 'stopped' && process.watched !== undefined) context.monitor.reportNow(process.watched);
  return done;
}
