import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { removeLiftedBundle } from '../runtime/bundle/bundle';
import { INIT } from '../runtime/state-dir/layout';
import { readPid, readStarttime } from '../runtime/state-dir/process-dir';
import { faultPoint } from '../sys/fault';
import { isRunning, killPid } from '../sys/process/process';
import { isShortage } from '../sys/shortage';
import { deleteInRuntime } from './runtime/delete-in-runtime';
import { discardDir } from './discard';
import { endRuntimeCallsOf } from './runtime/runtime-orphans';
import type { ProcessHandle } from './process-handle';
import { removeOwnBundle } from './own-bundle';
import type { Shim, Takeover } from './shims/shim';
import type { WorkTools } from './tools';

/** How often, and how soon after each other, the removal of a directory is tried. */
const discardAttempts = 5;
const discardPauseMs = 100;
/** How long a shim may leave a question open before the client is told without it. */
const unansweredMs = 500;
/** How soon, and how often at least, it is tried again to undo what there was nothing to undo with. */
const firstShortageMs = 250;
const longestShortageMs = 5000;

/** What a start or an exec has done so far. */
export interface Progress {
  /** The directory that it has made, whatever is in it yet. */
  madeDir?: string;
  /** The bundle that it has written, or begun to write. */
  ownBundle?: string;
  handle?: ProcessHandle;
  shim?: Shim;
  takeover?: Takeover;
  /** A daemon has died over it, and may have left calls of the runtime under way. */
  isLeftBehind?: boolean;
}

/**
 * Undoes a container's start completely: no process, no runtime state, no directory. Never throws.
 * @param onWait called where that has to wait for descriptors, processes or memory, or for a shim that does not answer
 */
export async function undoContainer(tools: WorkTools, id: string, progress: Progress, onWait?: () => void): Promise<void> {
  await undo(tools, progress, onWait);
  if (progress.ownBundle === undefined) removeLiftedBundle(tools.stateDir.liftedBundle(id));
  else await removeBundle(tools, progress.ownBundle);
}

/** Undoes an exec: the process ended, its directory gone. Never throws. @param onWait as for a container's start */
export async function undoExec(tools: WorkTools, progress: Progress, onWait?: () => void): Promise<void> {
  await undo(tools, progress, onWait);
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
function discard(tools: WorkTools, dir: string): Promise<void> {
  return remove(tools, dir, () => {
    faultPoint('daemon.undo.before-discard');
    discardDir(tools.stateDir, dir);
  });
}

/** One that cannot be removed, as where its root file system cannot be unmounted, goes with the next creation of that name, or at a restart. */
function removeBundle(tools: WorkTools, bundle: string): Promise<void> {
  return remove(tools, bundle, () => removeOwnBundle(tools, bundle));
}

async function remove(tools: WorkTools, dir: string, work: () => void | Promise<void>): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await work();
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
  let mayHaveCalls = progress.isLeftBehind === true;
  try {
    faultPoint('daemon.undo.before-abort');
    await abort(shim, takeover, onWait);
  } catch (cause) {
    mayHaveCalls = true;
    tools.log.warn({ id: takeover.id, process: takeover.processId, err: cause }, 'undoing a start without its shim');
  }
  // Also where it has answered: a shim that is short of something says so in its log, and goes on.
  await endWhenThereIsRoom(tools, takeover, mayHaveCalls, onWait);
}

/** A shim that has stopped is ended by the watchdog in time; until then there is nothing to undo with. */
async function abort(shim: Shim, takeover: Takeover, onWait?: () => void): Promise<void> {
  const timer = onWait === undefined ? undefined : setTimeout(onWait, unansweredMs);
  // Busy with the abort, it answers this all the same.
  shim.untilRecorded().catch(() => undefined).finally(() => { clearTimeout(timer); });
  await shim.abort(takeover);
}

/** With no descriptors and no processes left, nothing can be undone. Half undone it would be there for ever, so it waits. */
async function endWhenThereIsRoom(tools: WorkTools, takeover: Takeover, mayHaveCalls: boolean, onWait?: () => void): Promise<void> {
  for (let pauseMs = firstShortageMs; ; pauseMs = Math.min(2 * pauseMs, longestShortageMs)) {
    try {
      await (mayHaveCalls ? endWithoutShim : endProcess)(tools, takeover);
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
  await endRuntimeCallsOf(tools.foreign, takeover, tools.deadShims());
  await endProcess(tools, takeover);
}

async function endProcess(tools: WorkTools, takeover: Takeover): Promise<void> {
  const pid = runningPidOf(takeover.dir);
  if (pid !== undefined) killPid(pid);
  if (takeover.processId === INIT) await deleteInRuntime(tools, takeover, { force: true });
}
