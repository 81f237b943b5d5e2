import { isDeleted } from '../runtime/state-dir/process-dir';
import { isLegacy } from '../runtime/state-dir/container-key';
import { faultPoint } from '../sys/fault';
import { deleteInRuntime } from './runtime/delete-in-runtime';
import { discardDir } from './discard';
import { removeOwnBundle } from './own-bundle';
import { type Shim, type Takeover, keyOfTakeover } from './shims/shim';
import type { WorkTools } from './tools';

/**
 * Removes a kept container's task whose init process is over, or is ended by this: what the shim still does for it is
 * waited for, what it cannot do any more is done here. Each step can be repeated after a restart.
 * @param untilEndIsTold what its directory says of its end has been read: before, nothing of that is removed
 * @throws what has run out, and errors of the file system: the task is there as before
 */
export async function deleteContainer(
  tools: WorkTools,
  takeover: Takeover,
  shim: Shim | undefined,
  untilEndIsTold: () => Promise<unknown>,
): Promise<void> {
  const key = keyOfTakeover(takeover);
  if (isLegacy(key)) throw new Error(`${key}: goes with its end`);
  faultPoint('daemon.delete.before-abort');
  await endAtShim(tools, takeover, shim);
  if (!isDeleted(takeover.dir)) {
    faultPoint('daemon.delete.before-runtime');
    await deleteInRuntime(tools, takeover, { force: true, insist: true });
  }
  faultPoint('daemon.delete.deleted');
  await untilEndIsTold();
  await removeOwnBundle(tools, tools.stateDir.ownBundle(key));
  faultPoint('daemon.delete.before-discard');
  discardDir(tools.stateDir, tools.stateDir.containerDir(key));
  faultPoint('daemon.delete.removed');
}

/**
 * Removes a kept exec'd process that is over, or was never started. @param isLetGo its shim is known to be done with it, and need not be asked
 * @throws errors of the file system
 */
export async function deleteExec(tools: WorkTools, takeover: Takeover, shim: Shim | undefined, isLetGo: boolean): Promise<void> {
  if (!isLetGo) await endAtShim(tools, takeover, shim);
  faultPoint('daemon.delete-exec.before-discard');
  discardDir(tools.stateDir, takeover.dir);
}

/**
 * Resolves when the shim is done with the process: killed where it runs, its output passed on.
 * @param shim absent after a restart where none has said yet that it has it: a slow one may still be passing its output on
 */
async function endAtShim(tools: WorkTools, takeover: Takeover, shim: Shim | undefined): Promise<void> {
  try {
    if (shim === undefined) await tools.abortAnywhere(takeover);
    else await shim.abort(takeover);
  } catch (cause) {
    tools.log.warn({ id: takeover.id, process: takeover.processId, err: cause }, 'deleting a process without its shim');
  }
}
