import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { files } from '../runtime/state-dir/layout';
import { completeProcessDirectory, makeProcessDirectory } from './process-directory';
import type { ProcessRecord } from '../runtime/state-dir/process-file';
import { faultPoint } from '../sys/fault';
import { withDeadline, orAborted } from './deadline';
import { discardDir } from './discard';
import { throwIfAborted } from './errors';
import { identifyTaken } from './identify-taken';
import type { ProcessHandle } from './process-handle';
import type { Shim, Takeover } from './shims/shim';
import type { WorkTools } from './tools';
import { startIsTold } from './start-told';
import { type Progress, undoExec } from './undo';

/** What AddProcess asks for, its names checked, and the container's part. */
export interface ExecRequest {
  readonly record: ProcessRecord;
  /** The container's `--shim` setting. */
  readonly shimSetting: string;
  readonly takeover: Takeover;
  /** It has been registered, and is so again where it cannot be started: its directory is never gone. */
  readonly isRegistered?: boolean;
}

/** An exec'd process that runs. The receiver closes `handle`. */
export interface ExecutedProcess {
  readonly handle: ProcessHandle;
  readonly shim: Shim;
}

/** Where the sequence waits for the supervisor. */
export interface ExecHooks {
  /** The process runs: from here on it is told, or (thrown) undone. */
  commit(executed: ExecutedProcess): Promise<void>;
  /** Undoing it has to wait, as for `StartHooks`, and goes on by itself. May be called more than once. */
  undoWaits(error: unknown): void;
}

/**
 * Execs another process into a running container, within the start timeout, and has
 * it committed (told) once it runs.
 * When it throws, everything has been undone.
 */
export async function execProcess(
  tools: WorkTools,
  request: ExecRequest,
  callers: AbortSignal,
  hooks: ExecHooks,
): Promise<void> {
  const progress: Progress = {};
  try {
    const executed = await withDeadline(tools.startTimeoutMs, callers, async (signal) => {
      throwIfAborted(signal);
      const { takeover, record } = request;
      const handle = directoryOf(tools, request, progress);
      progress.handle = handle;
      tools.descriptors.check(handle.exitFd, join(handle.dir, files.exit));
      faultPoint('daemon.exec.before-shim');
      const shim = await orAborted(signal, tools.shimFor(request.shimSetting));
      progress.shim = shim;
      progress.takeover = takeover;
      faultPoint('daemon.exec.before-take');
      const taken = await shim.take(takeover, signal);
      faultPoint('daemon.exec.taken');
      handle.hold(taken);
      faultPoint('daemon.exec.before-identify');
      await orAborted(signal, identifyTaken(handle, taken.pid, shim));
      faultPoint('daemon.exec.before-stdio');
      await handle.holdStdio(record, tools.foreign, signal);
      throwIfAborted(signal);
      return { handle, shim };
    });
    await hooks.commit(executed);
  } catch (error) {
    await undoExec(tools, progress, () => { hooks.undoWaits(error); });
    throw error;
  }
  if (progress.handle !== undefined) startIsTold(tools, progress.handle);
}

function directoryOf(tools: WorkTools, { takeover: { dir }, record, isRegistered }: ExecRequest, progress: Progress): ProcessHandle {
  // A name is the client's again once its process has ended: what lies there is a leftover.
  if (isRegistered !== true && existsSync(dir)) discardDir(tools.stateDir, dir);
  faultPoint('daemon.exec.before-directory');
  if (isRegistered === true) return completeProcessDirectory(dir, record);
  progress.madeDir = dir;
  return makeProcessDirectory(dir, record);
}
