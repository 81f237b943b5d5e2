import { dirname } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { RuntimeError } from '../../runtime/errors';
import { INIT } from '../../runtime/state-dir/layout';
import { isBareProcessDir, mendFiles, readExitStatus } from '../../runtime/state-dir/process-dir';
import { type ProcessRecord, readProcessRecord, replaceProcessRecord } from '../../runtime/state-dir/process-file';
import { clearStarting, isRegistered, isStarting } from '../../runtime/state-dir/start-mark';
import { checkUnmounted } from '../../sys/files/held-directory';
import { isShortage } from '../../sys/shortage';
import { ProcessHandle } from '../../worker/process-handle';
import { processWrittenNs } from '../../worker/process-identity';
import { type HeldStdio, type Takeover, closeHeld } from '../../worker/shims/shim';
import type { ShimProcess } from '../../worker/shims/shim-fleet';
import type { Progress } from '../../worker/undo';
import type { Context } from '../context';
import { findIdentity, startOf } from './find-identity';
import type { RecoveredProcess, RegisteredExec } from './recovered';
import { tryRead } from './try-read';

/** Nobody can make sense of its directory. */
export interface BrokenProcess {
  readonly is: 'broken';
  readonly processId: string;
  readonly dir: string;
  readonly cause: unknown;
}

const unansweredPauseMs = 30_000;

/** What a process's directory turned out to be. */
export type FoundProcess =
  | { readonly is: 'recovered'; readonly process: RecoveredProcess }
  /** An exec'd process that is kept, and has not been started. */
  | { readonly is: 'registered'; readonly process: RegisteredExec }
  /** Its start was never told: it is undone. */
  | { readonly is: 'untold'; readonly processId: string; readonly progress: Progress }
  | BrokenProcess;

/**
 * Reads a process's directory; every file of it may be damaged or missing.
 * @param shims what the shims have, by directory: descriptors that are taken up are not in there any more
 * @param runtimeArgs the container's, where the process's own file does not tell
 */
export async function findProcessOnDisk(
  takeover: Takeover,
  runtimeArgs: readonly string[],
  shims: Map<string, ShimProcess>,
  context: Context,
): Promise<FoundProcess> {
  const { dir, processId } = takeover;
  const served = shims.get(dir);
  let handle: ProcessHandle | undefined;
  try {
    checkUnmounted(dir);
    if (served === undefined && isBareProcessDir(dir) && startOf(takeover, context) === undefined) return { is: 'untold', processId, progress: { madeDir: dir } };
    if (processId !== INIT && served === undefined && isRegistered(dir)) {
      return { is: 'registered', process: { id: processId, record: readProcessRecord(dir), takeover } };
    }
    mendFiles(dir);
    handle = new ProcessHandle(dir);
    if (isUntold(takeover, context)) {
      if (served !== undefined) closeHeld(takeFrom(shims, served));
      return { is: 'untold', processId, progress: progressOf(takeover, handle, served, context) };
    }
    const process = await recover(takeover, handle, served && { ...served, take: () => takeFrom(shims, served) }, runtimeArgs, context);
    return { is: 'recovered', process };
  } catch (cause) {
    handle?.close();
    return { is: 'broken', processId, dir, cause };
  }
}

/** Whoever takes them closes them: a second look must not find them again. */
function takeFrom(shims: Map<string, ShimProcess>, served: ShimProcess): HeldStdio {
  shims.set(served.dir, { ...served, taken: { pid: served.taken.pid } });
  return served.taken;
}

/** Undone by the shim that has it, otherwise without one. */
function progressOf(takeover: Takeover, handle: ProcessHandle, served: ShimProcess | undefined, context: Context): Progress {
  const gone = {
    name: 'none',
    isOurs: false,
    take: () => Promise.reject(new Error('no shim')),
    untilRecorded: () => Promise.resolve(),
    untilInputEnds: () => Promise.resolve(),
    // A take under way is in no shim's list yet: each is asked, and then nothing makes a process any more.
    abort: (stray: Takeover): Promise<void> => context.fleet.abortAnywhere(stray),
  };
  return { madeDir: madeDirOf(takeover), handle, takeover, shim: served?.shim ?? gone, isLeftBehind: true };
}

/** A container goes as a whole, an exec by itself. */
function madeDirOf({ dir, processId }: Takeover): string {
  return processId === INIT ? dirname(dir) : dir;
}

function isUntold(takeover: Takeover, context: Context): boolean {
  const { dir } = takeover;
  if (!isStarting(dir)) return false;
  if (startOf(takeover, context)?.writtenNs !== processWrittenNs(dir)) return true;
  // It was told, and the daemon killed before it could take the mark away.
  clearStarting(dir);
  return false;
}

async function recover(
  takeover: Takeover,
  handle: ProcessHandle,
  served: (ShimProcess & { readonly take: () => HeldStdio }) | undefined,
  runtimeArgs: readonly string[],
  context: Context,
): Promise<RecoveredProcess> {
  const { dir, id } = takeover;
  const isServed = handle.isExitServed();
  const known = {
    takeover,
    servedPid: served?.taken.pid,
    hasStatus: tryRead(() => readExitStatus(dir)) !== undefined,
    runtimeArgs: () => tryRead(() => readProcessRecord(dir).runtimeArgs) ?? runtimeArgs,
  };
  const { identity, isRunning } = await findIdentity(known, context);
  handle.identify(identity);
  const record = recordOf(takeover, runtimeArgs, context);
  if (isRunning) {
    if (served !== undefined) handle.hold(served.take());
    await holdStdio(handle, record, context);
  } else if (served !== undefined) {
    // Held on, nobody would see the end of its output.
    closeHeld(served.take());
  }
  context.log.debug({ id, process: takeover.processId, pid: identity.pid, isRunning, isServed }, 'process found');
  return { id: takeover.processId, record, takeover, handle, shim: served?.shim, isServed, isOver: !isRunning };
}

/** What is found at once is held before the daemon serves; where a file system hangs, the hold is taken when it answers. */
async function holdStdio(handle: ProcessHandle, record: ProcessRecord, context: Context): Promise<void> {
  let isLate = false;
  const held = handle.holdStdio(record, context.tools.foreign).catch(async (error: unknown) => {
    if (!isLate) throw error;
    await holdStdioLate(handle, record, context, error);
  });
  await Promise.race([held, new Promise(setImmediate)]);
  isLate = true;
}

async function holdStdioLate(handle: ProcessHandle, record: ProcessRecord, context: Context, reason: unknown): Promise<void> {
  context.log.warn({ dir: handle.dir, err: reason }, 'the stdio of a process has no second hold yet');
  for (let error = reason; error instanceof RuntimeError && error.code === 'unanswered' && !handle.isClosed; ) {
    await delay(unansweredPauseMs, undefined, { ref: false });
    try {
      await handle.holdStdio(record, context.tools.foreign);
      return;
    } catch (cause) {
      error = cause;
    }
  }
}

/**
 * A damaged process.json costs what State says of the process, and its stdio's second hold. One that can be read
 * takes its place: a shim that adopts the process, and an original daemon, want to.
 */
function recordOf(takeover: Takeover, runtimeArgs: readonly string[], context: Context): ProcessRecord {
  try {
    return readProcessRecord(takeover.dir);
  } catch (error) {
    if (isShortage(error)) throw error;
    context.log.error({ id: takeover.id, process: takeover.processId, err: error }, 'process.json cannot be read, and is replaced');
    const record: ProcessRecord = {
      spec: { user: { uid: 0, gid: 0 }, args: [], cwd: '/' },
      exec: takeover.processId !== INIT,
      stdin: '',
      stdout: '',
      stderr: '',
      runtimeArgs,
      noPivotRoot: false,
      checkpoint: '',
      rootUid: 0,
      rootGid: 0,
    };
    replaceProcessRecord(takeover.dir, record);
    return record;
  }
}
