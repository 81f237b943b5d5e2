import { setTimeout as delay } from 'node:timers/promises';
import { readExitStatus, writeExitStatus } from '../../runtime/state-dir/process-dir';
import { faultPoint } from '../../sys/fault';
import { isShortage } from '../../sys/shortage';
import { errorCodeOf } from '../../sys/thrown';
import type { ManagedProcess } from './managed-process';
import type { Shim } from '../shim';

const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 5000;
/** How often anything else is tried. */
const MOST_ATTEMPTS = 5;

/**
 * Puts the status on disk, before anyone is told of the end. With a full disk it waits for room: told now, the exit
 * would be one whose status nobody knows. Never rejects; a directory that is gone or broken is only logged.
 */
export async function recordExitStatus(shim: Shim, entry: ManagedProcess, status: number): Promise<void> {
  let pauseMs = FIRST_PAUSE_MS;
  for (let attempt = 1; ; attempt++) {
    try {
      faultPoint('shim.end.status');
      writeExitStatus(entry.identity.dir, status);
      return;
    } catch (error) {
      if (attempt === 1) shim.log.error(`recording the exit status ${status}`, error, entry.label);
      if (errorCodeOf(error) === 'ENOENT' || (attempt >= MOST_ATTEMPTS && !isShortage(error))) return;
    }
    // A start that is undone is told to nobody, its end neither.
    if (entry.abortion.signal.aborted) return;
    await abortableDelay(pauseMs, entry.abortion.signal);
    pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
  }
}

async function abortableDelay(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    // It was aborted: the next look tells.
  }
}

/** What somebody has recorded before us. Undefined: nothing, or nothing that makes sense. */
export function recordedExitStatus(shim: Shim, entry: ManagedProcess): number | undefined {
  try {
    return readExitStatus(entry.identity.dir);
  } catch (error) {
    shim.log.error('reading the exit status', error, entry.label);
    return undefined;
  }
}
