import { existsSync } from 'node:fs';
import { INIT } from '../../runtime/state-dir/layout';
import type { ContainerKey } from '../../runtime/state-dir/container-key';
import { parseStartKey } from '../../worker/process-identity';
import { whose } from '../container-event';
import type { Context } from '../context';
import { forgetOom } from '../oom-told';
import { forgetTold, toldProcess, toldProcesses } from '../told-process';

/**
 * Tells of the tasks that a daemon had removed when it was killed, before it could say so, and forgets the exec'd processes that went so.
 * To be called when everything that is there is in the table.
 */
export function finishDeletions(context: Context): void {
  const { log } = context.publisher;
  const { stateDir } = context.tools;
  for (const { key, processId } of toldProcesses(log)) {
    const container = context.table.get(key);
    if (container !== undefined) {
      // One that is held back is out of reach, with its processes.
      const isThere = container.init.takeover === undefined || processId === INIT || container.execs.has(processId);
      if (!isThere && !existsSync(stateDir.processDir(key, processId))) forgetTold(log, key, processId);
    } else if (!existsSync(stateDir.containerDir(key))) {
      if (processId === INIT) tellDeletion(key, context);
      forgetTold(log, key, processId);
    }
  }
}

function tellDeletion(key: ContainerKey, context: Context): void {
  const { log } = context.publisher;
  const startKey = toldProcess(log, key, INIT)?.startKey ?? '';
  // One that was never started has no end, and what it was ended with is nobody's.
  const end = log.endOf({ ...whose(key), processId: INIT, startKey });
  const pid = end?.pid ?? parseStartKey(startKey)?.pid;
  context.publisher.tell({
    type: 'delete',
    ...whose(key),
    processId: '',
    status: end?.status ?? 0,
    startKey,
    ...(pid === undefined ? {} : { pid }),
    ...(end?.exitedAtNs === undefined ? {} : { exitedAtNs: end.exitedAtNs }),
  });
  forgetOom(log, key);
  context.log.info({ id: key }, 'a task whose deletion was cut off is told to be deleted');
}
