import { rmSync } from 'node:fs';
import { INIT } from '../runtime/layout';
import { readPid, readStarttime } from '../runtime/process-dir';
import { isRunning, signalPid } from '../sys/process';
import { deleteInRuntime } from './delete-in-runtime';
import { discardDir } from './discard';
import { killRuntimeCallsOf } from './runtime-orphans';
import type { ProcessHandle } from './process-handle';
import type { Shim, Takeover } from './shim';
import type { WorkTools } from './tools';

const SIGKILL = 9;

/** What a start or an exec has done so far. */
export interface Progress {
  handle?: ProcessHandle;
  shim?: Shim;
  takeover?: Takeover;
}

/** Undoes a container's start completely: no process, no runtime state, no directory. Never throws. */
export async function undoContainer(tools: WorkTools, id: string, progress: Progress): Promise<void> {
  await undoTakeover(tools, progress);
  progress.handle?.close();
  // Where the sequence made no directory, the one there (if any) is not ours to remove.
  if (progress.handle !== undefined) discardDir(tools.stateDir, tools.stateDir.containerDir(id));
  rmSync(tools.stateDir.liftedBundle(id), { recursive: true, force: true });
}

/** Undoes an exec: the process ended, its directory gone. Never throws. */
export async function undoExec(tools: WorkTools, progress: Progress): Promise<void> {
  await undoTakeover(tools, progress);
  progress.handle?.close();
  if (progress.handle !== undefined) discardDir(tools.stateDir, progress.handle.dir);
}

async function undoTakeover(tools: WorkTools, progress: Progress): Promise<void> {
  const { shim, takeover } = progress;
  if (shim === undefined || takeover === undefined) return;
  try {
    await shim.abort(takeover);
  } catch (cause) {
    tools.log.warn({ id: takeover.id, process: takeover.processId, err: cause }, 'undoing a start without its shim');
    await endWithoutShim(tools, takeover);
  }
}

/**
 * Ends a process whose shim is gone: a runtime's call that is still under way, the
 * process itself, and for a container's init what the runtime has of the container.
 * Never throws.
 */
export async function endWithoutShim(tools: WorkTools, takeover: Takeover): Promise<void> {
  await killRuntimeCallsOf(takeover.dir);
  const pid = readPid(takeover.dir);
  const starttime = readStarttime(takeover.dir);
  // A pid without its start time may be anybody's by now.
  if (pid !== undefined && starttime !== undefined && isRunning(pid, starttime)) signalPid(pid, SIGKILL);
  if (takeover.processId === INIT) await deleteInRuntime(tools, takeover, { force: true });
}
