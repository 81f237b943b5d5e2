import { removeLiftedBundle } from '../runtime/bundle/bundle';
import { INIT } from '../runtime/state-dir/layout';
import { faultPoint } from '../sys/fault';
import { deleteInRuntime } from './runtime/delete-in-runtime';
import { discardDir } from './discard';
import type { Takeover } from './shims/shim';
import type { WorkTools } from './tools';

/** The steps of an end between its record in the log and its event; each can be repeated. */
export interface EndWork {
  readonly takeover: Takeover;
  /** The shim is gone, or cannot be relied on to have had the runtime delete the container. */
  readonly deleteInRuntime: boolean;
  /** Default: where there was nothing left to run the runtime with, it is not gone on without. */
  readonly insist?: boolean;
}

/** Removes what an ended process has left: in the runtime where its shim is gone, and on disk. @throws what has run out, and errors of the file system: to be tried again */
export async function finishEnd(tools: WorkTools, work: EndWork): Promise<void> {
  const { takeover } = work;
  if (takeover.processId !== INIT) {
    discardDir(tools.stateDir, takeover.dir);
    return;
  }
  if (work.deleteInRuntime) {
    faultPoint('daemon.end.before-delete');
    await deleteInRuntime(tools, takeover, { force: true, insist: work.insist !== false });
    faultPoint('daemon.end.deleted');
  }
  faultPoint('daemon.end.before-discard');
  discardDir(tools.stateDir, tools.stateDir.containerDir(takeover.id));
  removeLiftedBundle(tools.stateDir.liftedBundle(takeover.id));
  faultPoint('daemon.end.removed');
}
