import { keyOf } from '../../../runtime/state-dir/container-key';
import { INIT } from '../../../runtime/state-dir/layout';
import { newContainer } from '../../container';
import type { Context } from '../../context';
import { oomTold } from '../../oom-told';
import { type Outcome, type TaskOf, done } from '../../task';
import { addExec, takeUpEnd } from '../../untold-end';

/**
 * A restart has found an end in the log, and cannot remove what the process has left: the container is listed as stopped, its id
 * taken, until that is done and the end told. An exec'd process of a container that is gone itself is in no list.
 */
export function untoldEnd(task: TaskOf<'untoldEnd'>, context: Context): Outcome<'untoldEnd'> {
  const { end, record } = task;
  const { processId, startKey } = end;
  const id = keyOf({ namespace: end.namespace, id: end.containerId });
  const isInit = processId === INIT;
  const container = (isInit ? undefined : context.table.get(id)) ?? newContainer(id, record);
  if (isInit) {
    context.table.set(id, container);
    container.oomKillsTold = oomTold(context.publisher.log, id, startKey).kills;
  }
  takeUpEnd(container, isInit ? container.init : addExec(container, processId), task, context);
  return done;
}
