import { isRunning, isUnreaped } from '../sys/process/process';
import type { ProcessHandle } from '../worker/process-handle';
import type { ContainerEntry, ProcessEntry } from './container';
import type { Context } from './context';

/** Takes the process's handle over, and has its end watched. For the loop's handlers. */
export function watchProcess(
  container: ContainerEntry,
  process: ProcessEntry,
  handle: ProcessHandle,
  context: Context,
): void {
  process.handle = handle;
  const { identity } = handle;
  if (identity === undefined) return;
  process.systemPid = identity.pid;
  process.startKey = identity.startKey;
  process.watched = {
    id: container.id,
    processId: process.id,
    dir: handle.dir,
    exitFd: handle.exitFd,
    pidFd: handle.pidFd,
    pid: identity.pid,
    starttime: identity.starttime,
  };
  // What the reaper may know under this number is an earlier process's, as long as this one runs.
  const isThere = handle.pidFd === undefined ? isRunning(identity.pid, identity.starttime) : isUnreaped(handle.pidFd);
  if (isThere) context.tools.reaper.forgetOrphan(identity.pid);
  context.monitor.watchExit(process.watched);
}

/** Nothing watches the process's descriptors any more: they may be closed. May be called twice. */
export function unwatchProcess(process: ProcessEntry, context: Context): void {
  if (process.watched !== undefined) context.monitor.unwatchExit(process.watched);
}
