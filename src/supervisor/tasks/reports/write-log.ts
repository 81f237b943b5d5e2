import type { Context } from '../../context';
import { type Outcome, type TaskOf, done } from '../../task';

/** The event log could not be written a while ago: what waits is tried again. */
export function writeLog(_task: TaskOf<'writeLog'>, context: Context): Outcome<'writeLog'> {
  context.publisher.writeWaiting();
  return done;
}
