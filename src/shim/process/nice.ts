import { readdirSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import type { ProcessSpec } from '../../runtime/bundle/process-spec';
import { isJsonObject } from '../../runtime/json';
import { errorCodeOf, messageOf } from '../../sys/thrown';
import { ShimError } from '../errors';

const most = 10;

/**
 * Gives a container's first process, which waits for its start, the nice value that its spec asks for: of OCI runtimes only newer ones do that
 * (`process.scheduler` of the specification's 1.1), and the others say nothing. @throws ShimError `runtime-failed`
 */
export function applyNice(pid: number, spec: ProcessSpec): void {
  const nice = niceOf(spec);
  if (nice === undefined) return;
  // Each thread has its own (sched(7)), and any of the runtime's may become the program. One that is made meanwhile has that of its maker.
  for (let round = 0; round < most; round += 1) {
    if (threadsOf(pid).map((thread) => setNice(thread, nice)).every((was) => was)) return;
  }
}

function niceOf({ scheduler }: ProcessSpec): number | undefined {
  if (!isJsonObject(scheduler) || (scheduler['policy'] !== 'SCHED_OTHER' && scheduler['policy'] !== 'SCHED_BATCH')) return undefined;
  const { nice } = scheduler;
  return typeof nice === 'number' && Number.isInteger(nice) && nice >= -20 && nice <= 19 ? nice : undefined;
}

/** @returns whether it was so before, or the thread is gone */
function setNice(thread: number, nice: number): boolean {
  try {
    if (getPriority(thread) === nice) return true;
    setPriority(thread, nice);
    return false;
  } catch (error) {
    if ((error as { readonly info?: { readonly errno?: number } }).info?.errno === constants.errno.ESRCH) return true;
    throw new ShimError('runtime-failed', `oci runtime error: nice ${String(nice)}: ${messageOf(error)}`, { cause: error });
  }
}

function threadsOf(pid: number): readonly number[] {
  try {
    return readdirSync(`/proc/${String(pid)}/task`).map(Number);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT' || errorCodeOf(error) === 'ESRCH') return [];
    throw error;
  }
}
