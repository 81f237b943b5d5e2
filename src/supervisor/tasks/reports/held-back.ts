import { newContainer } from '../../container';
import type { Context } from '../../context';
import { transition } from '../../process-state';
import { type Outcome, type TaskOf, answer } from '../../task';

/**
 * A restart can neither read a container's directory nor set it aside. Its id stays taken, and it is listed as what the log
 * and the kernel know of its first process: running, or stopped, nobody knowing yet how it ended. It is in no list where no
 * client was told of it, or where how it ended is part of what is told.
 */
export function heldBack(task: TaskOf<'heldBack'>, context: Context): Outcome<'heldBack'> {
  const { id, record, start } = task;
  const container = newContainer(id, record);
  context.table.set(id, container);
  if (start === undefined || (container.isKept && !start.isRunning)) return answer(container);
  const { init } = container;
  init.state = transition(init.state, 'created');
  if (start.isStarted) init.state = transition(init.state, 'started');
  if (!start.isRunning) init.state = transition(init.state, 'ended');
  init.systemPid = start.pid;
  init.startKey = start.startKey;
  init.isTold = true;
  return answer(container);
}
