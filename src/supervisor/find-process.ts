import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { INIT } from '../runtime/layout';
import { clearStarting, isBareProcessDir, isStarting, mendFiles, readExitStatus, readPid, readStarttime, writePid, writeStarttime } from '../runtime/process-dir';
import { type ProcessRecord, readProcessRecord, replaceProcessRecord } from '../runtime/process-file';
import { isRunning, readProcStat } from '../sys/process';
import { ProcessHandle, type ProcessIdentity, identityOf } from '../worker/process-handle';
import type { Takeover } from '../worker/shim';
import type { ShimProcess } from '../worker/shim-fleet';
import type { Progress } from '../worker/undo';
import type { Context } from './context';
import type { RecoveredProcess } from './recovered';

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
export function findProcessOnDisk(
  takeover: Takeover,
  runtimeArgs: readonly string[],
  shims: ReadonlyMap<string, ShimProcess>,
  context: Context,
): FoundProcess {
  const { dir, processId } = takeover;
  const served = shims.get(dir);
  let handle: ProcessHandle | undefined;
  try {
    if (served === undefined && isBareProcessDir(dir)) return { is: 'untold', processId, progress: { madeDir: dir } };
    mendFiles(dir);
    handle = new ProcessHandle(dir);
    if (isUntold(takeover, served, context)) {
      return { is: 'untold', processId, progress: progressOf(takeover, handle, served, context) };
    }
    return { is: 'recovered', process: recover(takeover, handle, served, runtimeArgs, context) };
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

function isUntold(takeover: Takeover, served: ShimProcess | undefined, context: Context): boolean {
  const { dir, id, processId } = takeover;
  if (!isStarting(dir)) return false;
  const identity = knownIdentity(dir, served);
  if (identity === undefined || !context.publisher.log.hasStart(id, processId, identity.startKey)) return true;
  // It was told, and the daemon killed before it could take the mark away.
  clearStarting(dir);
  return false;
}

function recover(
  takeover: Takeover,
  handle: ProcessHandle,
  served: ShimProcess | undefined,
  runtimeArgs: readonly string[],
  context: Context,
): RecoveredProcess {
  const { dir, id } = takeover;
  const isServed = handle.isExitServed();
  const hasStatus = tryRead(() => readExitStatus(dir)) !== undefined;
  const identity = sureIdentity(takeover, served, isServed || served !== undefined, hasStatus);
  handle.identify(identity);
  const record = recordOf(takeover, runtimeArgs, context);
  const isOver = hasStatus || !isRunning(identity.pid, identity.starttime === '' ? undefined : identity.starttime);
  if (!isOver) {
    handle.holdStdio(record);
    if (served?.taken.terminalFd !== undefined) handle.holdTerminal(served.taken.terminalFd);
  }
  context.log.debug({ id, process: takeover.processId, pid: identity.pid, isOver, isServed }, 'process found');
  return { id: takeover.processId, record, takeover, handle, shim: served?.shim, isServed, isOver };
}

/** The identity from the files, or from the shim that has the process: then the files are mended where they differ. */
function knownIdentity(dir: string, served: ShimProcess | undefined): ProcessIdentity | undefined {
  const pid = tryRead(() => readPid(dir));
  const starttime = tryRead(() => readStarttime(dir));
  if (served === undefined) return pid === undefined ? undefined : identityOf(dir, pid, starttime ?? '');
  const known = { pid: served.taken.pid, starttime: readProcStat(served.taken.pid)?.starttime ?? starttime ?? '' };
  if (known.pid !== pid) writePid(dir, known.pid);
  if (known.starttime !== (starttime ?? '')) writeStarttime(dir, known.starttime);
  return identityOf(dir, known.pid, known.starttime);
}

/**
 * A process is only taken for ours where that is sure: by its start time, by the
 * shim that has it, or by a cgroup that bears the container's id.
 * @throws where it is not
 */
function sureIdentity(takeover: Takeover, served: ShimProcess | undefined, isServed: boolean, hasStatus: boolean): ProcessIdentity {
  const { dir, id } = takeover;
  const identity = knownIdentity(dir, served);
  if (identity === undefined) {
    // It is over and its status known: only its start cannot be told apart from another.
    if (hasStatus) return { pid: 0, starttime: '', startKey: `unknown:${dir}` };
    throw new Error(`${dir}: no pid, and no shim that knows the process`);
  }
  if (identity.starttime !== '' || hasStatus) return identity;
  if (!isServed && isRunning(identity.pid, undefined) && !isInCgroupOf(identity.pid, id)) {
    throw new Error(`${dir}: pid ${identity.pid} may be another process's: no start time, and its cgroup is not ${id}'s`);
  }
  return identity;
}

function isInCgroupOf(pid: number, id: string): boolean {
  return (tryRead(() => readFileSync(`/proc/${pid}/cgroup`, 'utf8')) ?? '').includes(id);
}

/**
 * A damaged process.json costs what State says of the process, and its stdio's second hold. One that can be read
 * takes its place: a shim that adopts the process, and an original daemon, want to.
 */
function recordOf(takeover: Takeover, runtimeArgs: readonly string[], context: Context): ProcessRecord {
  try {
    return readProcessRecord(takeover.dir);
  } catch (error) {
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

function tryRead<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
