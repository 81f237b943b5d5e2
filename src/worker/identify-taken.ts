import { readExitStatus } from '../runtime/state-dir/process-dir';
import { type ProcessHandle, identify } from './process-handle';
import type { Shim } from './shims/shim';

/**
 * Takes hold of a process that a shim has just taken over. One that is over already is held by nobody but its
 * shim, and without a pidfd nobody else can tell its status: so it counts as taken over once that is on disk.
 * @throws WorkError `shim-exited` where its shim has died before, and the status with it
 */
export async function identifyTaken(handle: ProcessHandle, pid: number, shim: Shim): Promise<void> {
  identify(handle, pid);
  const isKnown = handle.pidFd !== undefined || readExitStatus(handle.dir) !== undefined;
  if (!isKnown) await shim.untilRecorded();
}
