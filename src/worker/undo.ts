import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removeLiftedBundle } from '../runtime/bundle';
import { INIT } from '../runtime/layout';
import { readPid, readStarttime } from '../runtime/process-dir';
import { faultPoint } from '../sys/fault';
import { isRunning, signalPid } from '../sys/process';
import { isShortage } from '../sys/shortage';
import { deleteInRuntime } from './delete-in-runtime';
import { discardDir } from './discard';
import { endRuntimeCallsOf } from './runtime-orphans';
import type { ProcessHandle } from './process-handle';
import type { Shim, Takeover } from './shim';
import type { WorkTools } from './tools';

const SIGKILL = 9;
/** How often, and how soon after each other, the removal of a directory is tried. */
const discardAttempts = 5;
const discardPauseMs = 100;
/** How soon, and how often at least, it is tried again to undo what there was nothing to undo with. */
const firstShortageMs = 250;
const longestShortageMs = 5000;

/** What a start or an exec has done so far. */
export interface Progress {
  /** The directory that it has made, whatever is in it yet. */
  madeDir?: string;
  handle?: ProcessHandle;
  shim?: Shim;
  takeover?: Takeover;
}

/**
 * Undoes a container's start completely: no process, no runtime state, no directory. Never throws.
 * @param onWait called once where that has to wait for descriptors, processes or memory
 */
export async function undoContainer(tools: WorkTools, id: string, progress: Progress, onWait?: () => void): Promise<void> {
  await undo(tools, progress, onWait);
  removeLiftedBundle(tools.stateDir.liftedBundle(id));
}

/** Undoes an exec: the process ended, its directory gone. Never throws. */
export async function undoExec(tools: WorkTools, progress: Progress): Promise<void> {
  await undo(tools, progress);
}

async function undo(tools: WorkTools, progress: Progress, onWait?: () => void): Promise<void> {
  // First: where descriptors are short, what undoes it can do with these.
  progress.handle?.close();
  await undoTakeover(tools, progress, onWait);
  faultPoint('daemon.undo.aborted');
  // Where the sequence made no directory, the one there (if any) is not ours to remove.
  if (progress.madeDir !== undefined) await discard(tools, progress.madeDir);
  faultPoint('daemon.undo.undone');
}

/** A directory that cannot be removed keeps nobody waiting: what is marked as a start goes at the next one, or restart. */
async function discard(tools: WorkTools, dir: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      faultPoint('daemon.undo.before-discard');
      discardDir(tools.stateDir, dir);
      return;
    } catch (error) {
      tools.log.error({ dir, err: error }, 'what an undone start left cannot be removed');
      if (attempt === discardAttempts) return;
    }
    await delay(discardPauseMs);
  }
}

async function undoTakeover(tools: WorkTools, progress: Progress, onWait?: () => void): Promise<void> {
  const { shim, takeover } = progress;
  if (shim === undefined || takeover === undefined) return;
  try {
    faultPoint('daemon.undo.before-abort');
    await shim.abort(takeover);
  } catch (cause) {
    tools.log.warn({ id: takeover.id, process: takeover.processId, err: cause }, 'undoing a start without its shim');
  }
  // Also where it has answered: a shim that is short of something says so in its log, and goes on.
  await endWhenThereIsRoom(tools, takeover, onWait);
}

/** With no descriptors and no processes left, nothing can be undone. Half undone it would be there for ever, so it waits. */
async function endWhenThereIsRoom(tools: WorkTools, takeover: Takeover, onWait?: () => void): Promise<void> {
  for (let pauseMs = firstShortageMs; ; pauseMs = Math.min(2 * pauseMs, longestShortageMs)) {
    try {
      await endWithoutShim(tools, takeover);
      return;
    } catch (error) {
      tools.log.error({ id: takeover.id, process: takeover.processId, err: error }, 'a start cannot be undone yet');
      if (!isShortage(error)) return;
    }
    onWait?.();
    await delay(pauseMs);
  }
}

/**
 * A pid without its start time may be anybody's by now. An exec's is its own as long as that process is in its
 * container's cgroup; of an init the runtime itself knows.
 */
function runningPidOf(dir: string): number | undefined {
  try {
    const pid = readPid(dir);
    if (pid === undefined) return undefined;
    const starttime = readStarttime(dir);
    const initDir = join(dirname(dir), INIT);
    const isOurs = starttime !== undefined || (dir !== initDir && cgroupOf(pid) === cgroupOf(readPid(initDir)));
    return isOurs && isRunning(pid, starttime) ? pid : undefined;
  } catch (error) {
    if (isShortage(error)) throw error;
    // A damaged file names nobody.
    return undefined;
  }
}

function cgroupOf(pid: number | undefined): string {
  return readFileSync(`/proc/${pid ?? 'none'}/cgroup`, 'utf8');
}

/**
 * Ends a process whose shim is gone: a runtime's call that is still under way, the
 * process itself, and for a container's init what the runtime has of the container.
 * @throws only what has run out; to be called again then
 */
export async function endWithoutShim(tools: WorkTools, takeover: Takeover): Promise<void> {
  await endRuntimeCallsOf(takeover.dir, tools.deadShims());
  const pid = runningPidOf(takeover.dir);
  if (pid !== undefined) signalPid(pid, SIGKILL);
  if (takeover.processId === INIT) await deleteInRuntime(tools, takeover, { force: true });
}
