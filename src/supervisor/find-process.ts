import { dirname } from 'node:path';
import { INIT } from '../runtime/layout';
import { isBareProcessDir, mendFiles, readExitStatus } from '../runtime/process-dir';
import { type ProcessRecord, readProcessRecord, replaceProcessRecord } from '../runtime/process-file';
import { clearStarting, isStarting } from '../runtime/start-mark';
import { isShortage } from '../sys/shortage';
import { ProcessHandle, processWrittenNs } from '../worker/process-handle';
import type { Takeover } from '../worker/shim';
import type { ShimProcess } from '../worker/shim-fleet';
import type { Progress } from '../worker/undo';
import type { Context } from './context';
import { findIdentity, startOf } from './find-identity';
import type { RecoveredProcess } from './recovered';
import { tryRead } from './try-read';

/** What a process's directory turned out to be. */
export type FoundProcess =
  | { readonly is: 'recovered'; readonly process: RecoveredProcess }
  /** Its start was never told: it is undone. */
  | { readonly is: 'untold'; readonly processId: string; readonly progress: Progress }
  | { readonly is: 'broken'; readonly processId: string; readonly dir: string; readonly cause: unknown };

/**
 * Reads a process's directory; every file of it may be damaged or missing.
 * @param runtimeArgs the container's, where the process's own file does not tell
 */
export async function findProcessOnDisk(
  takeover: Takeover,
  runtimeArgs: readonly string[],
  shims: ReadonlyMap<string, ShimProcess>,
  context: Context,
): Promise<FoundProcess> {
  const { dir, processId } = takeover;
  const served = shims.get(dir);
  let handle: ProcessHandle | undefined;
  try {
    if (served === undefined && isBareProcessDir(dir) && startOf(takeover, context) === undefined) return { is: 'untold', processId, progress: { madeDir: dir } };
    mendFiles(dir);
    handle = new ProcessHandle(dir);
    if (isUntold(takeover, context)) {
      return { is: 'untold', processId, progress: progressOf(takeover, handle, served, context) };
    }
    return { is: 'recovered', process: await recover(takeover, handle, served, runtimeArgs, context) };
  } catch (cause) {
    handle?.close();
    return { is: 'broken', processId, dir, cause };
  }
}

/** Undone by the shim that has it, otherwise without one. */
function progressOf(takeover: Takeover, handle: ProcessHandle, served: ShimProcess | undefined, context: Context): Progress {
  const gone = {
    name: 'none',
    isOurs: false,
    take: () => Promise.reject(new Error('no shim')),
    untilRecorded: () => Promise.resolve(),
    // A take under way is in no shim's list yet: each is asked, and then nothing makes a process any more.
    abort: async (stray: Takeover): Promise<void> => {
      await Promise.all(context.fleet.shims.map((shim) => shim.abort(stray)));
    },
  };
  return { madeDir: madeDirOf(takeover), handle, takeover, shim: served?.shim ?? gone };
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
  served: ShimProcess | undefined,
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
    handle.holdStdio(record);
    if (served?.taken.terminalFd !== undefined) handle.holdTerminal(served.taken.terminalFd);
  }
  context.log.debug({ id, process: takeover.processId, pid: identity.pid, isRunning, isServed }, 'process found');
  return { id: takeover.processId, record, takeover, handle, shim: served?.shim, isServed, isOver: !isRunning };
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
