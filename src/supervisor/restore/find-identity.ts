import { readPid, readStarttime, writePid, writeStarttime } from '../../runtime/state-dir/process-dir';
import { isRunning, readProcStat } from '../../sys/process/process';
import { type ProcessIdentity, identityOf, parseStartKey } from '../../worker/process-identity';
import { isLegacy } from '../../runtime/state-dir/container-key';
import { type Takeover, keyOfTakeover } from '../../worker/shims/shim';
import type { Context } from '../context';
import { toldProcess } from '../told-process';
import { type WrittenIdentity, findLiving } from './find-living';
import { tryRead } from './try-read';

/** What a restart knows of a process beside its files of pid and start time. */
export interface KnownOfProcess {
  readonly takeover: Takeover;
  /** The pid that our shim names which has the process. */
  readonly servedPid: number | undefined;
  /** Its exit status is on disk. */
  readonly hasStatus: boolean;
  /** The container's own flags of the runtime. */
  readonly runtimeArgs: () => readonly string[];
}

/** Which process it is, and whether that runs. */
export interface FoundIdentity {
  readonly identity: ProcessIdentity;
  readonly isRunning: boolean;
}

/**
 * Finds out which process a directory is of. Its files of pid and start time have no checksum, and a shortened
 * number looks whole: only where they name a running process they are believed alone. Otherwise it is what our shim
 * says, or what the event log has of the start; and where neither knows the process, what kernel and runtime
 * know of the container. Files that say another thing are mended.
 * @throws where the process may be alive, and nobody tells which it is
 */
export async function findIdentity(known: KnownOfProcess, context: Context): Promise<FoundIdentity> {
  const { takeover: { dir }, servedPid, hasStatus } = known;
  const written = writtenIdentity(dir);
  const told = startOf(known.takeover, context);
  const found = (pid: number, starttime: string): FoundIdentity => {
    mend(known.takeover, written, { pid, starttime }, context);
    // The key that was told, also where process.json has been written anew since, whose time is part of it.
    const identity = told?.pid === pid && told.starttime === starttime ? told : identityOf(dir, pid, starttime);
    return { identity, isRunning: !hasStatus && starttime !== '' && isRunning(pid, starttime) };
  };
  if (servedPid !== undefined) return found(servedPid, readProcStat(servedPid)?.starttime ?? written.starttime ?? '');
  if (namesRunning(written)) return found(written.pid, written.starttime);
  if (told !== undefined) return found(told.pid, told.starttime);
  const living = hasStatus ? undefined : await findLiving({ ...known, written }, context.tools);
  const starttime = living === undefined ? undefined : readProcStat(living)?.starttime;
  if (living !== undefined && starttime !== undefined) return found(living, starttime);
  if (written.pid !== undefined) return { identity: identityOf(dir, written.pid, written.starttime ?? ''), isRunning: false };
  // It is over and its status known: only its start cannot be told apart from another.
  if (hasStatus) return { identity: { pid: 0, starttime: '', startKey: `unknown:${dir}` }, isRunning: false };
  throw new Error(`${dir}: no pid, and nobody who knows the process`);
}

/** The start of the process as the log has it: of one that is kept as long as it is, of any other until its end is in it too. */
export function startOf(takeover: Takeover, context: Context): ReturnType<typeof parseStartKey> {
  const { processId } = takeover;
  const key = keyOfTakeover(takeover);
  if (!isLegacy(key)) return parseStartKey(toldProcess(context.publisher.log, key, processId)?.startKey ?? '');
  const start = context.publisher.log.lastStart(key, processId);
  return start === undefined || start.hasEnded ? undefined : parseStartKey(start.startKey);
}

/** What its files say, as far as they can be read. */
export function writtenIdentity(dir: string): WrittenIdentity {
  return { pid: tryRead(() => readPid(dir)), starttime: tryRead(() => readStarttime(dir)) };
}

/** Whether that is a process that runs. */
export function namesRunning(written: WrittenIdentity): written is { readonly pid: number; readonly starttime: string } {
  return written.pid !== undefined && written.starttime !== undefined && isRunning(written.pid, written.starttime);
}

function mend({ id, processId, dir }: Takeover, written: WrittenIdentity, known: { readonly pid: number; readonly starttime: string }, context: Context): void {
  const { pid, starttime } = known;
  if (pid === written.pid && starttime === (written.starttime ?? '')) return;
  context.log.error({ id, process: processId, written, known }, 'pid and starttime do not name the process, and are mended');
  if (pid !== written.pid) writePid(dir, pid);
  if (starttime !== (written.starttime ?? '')) writeStarttime(dir, starttime);
}
