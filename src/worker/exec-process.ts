import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { files } from '../runtime/layout';
import { makeProcessDirectory } from './process-directory';
import type { ProcessRecord } from '../runtime/process-file';
import { faultPoint } from '../sys/fault';
import { withDeadline, orAborted } from './deadline';
import { discardDir } from './discard';
import { throwIfAborted } from './errors';
import { identifyTaken } from './identify-taken';
import type { ProcessHandle } from './process-handle';
import type { Shim, Takeover } from './shim';
import type { WorkTools } from './tools';
import { startIsTold } from './start-told';
import { type Progress, undoExec } from './undo';

/** What AddProcess asks for, its names checked, and the container's part. */
export interface ExecRequest {
  readonly record: ProcessRecord;
  /** The container's `--shim` setting. */
  readonly shimSetting: string;
  readonly takeover: Takeover;
}

/** An exec'd process that runs. The receiver closes `handle`. */
export interface ExecutedProcess {
  readonly handle: ProcessHandle;
  readonly shim: Shim;
}

/**
 * Execs another process into a running container, within the start timeout, and has
 * it committed (told) once it runs; what `commit` throws undoes it.
 * When it throws, everything has been undone.
 */
export async function execProcess(
  tools: WorkTools,
  request: ExecRequest,
  callers: AbortSignal,
  commit: (executed: ExecutedProcess) => Promise<void>,
): Promise<void> {
  const progress: Progress = {};
  try {
    const executed = await withDeadline(tools.startTimeoutMs, callers, async (signal) => {
      throwIfAborted(signal);
      const { takeover, record } = request;
      // A name is the client's again once its process has ended: what lies there is a leftover.
      if (existsSync(takeover.dir)) discardDir(tools.stateDir, takeover.dir);
      faultPoint('daemon.exec.before-directory');
      progress.madeDir = takeover.dir;
      const handle = makeProcessDirectory(takeover.dir, record);
      progress.handle = handle;
      tools.descriptors.check(handle.exitFd, join(handle.dir, files.exit));
      faultPoint('daemon.exec.before-shim');
      const shim = await orAborted(signal, tools.shimFor(request.shimSetting));
      progress.shim = shim;
      progress.takeover = takeover;
      faultPoint('daemon.exec.before-take');
      const taken = await shim.take(takeover, signal);
      faultPoint('daemon.exec.taken');
      if (taken.terminalFd !== undefined) handle.holdTerminal(taken.terminalFd);
      faultPoint('daemon.exec.before-identify');
      await orAborted(signal, identifyTaken(handle, taken.pid, shim));
      faultPoint('daemon.exec.before-stdio');
      handle.holdStdio(record);
      throwIfAborted(signal);
      return { handle, shim };
    });
    await commit(executed);
  } catch (error) {
    await undoExec(tools, progress);
    throw error;
  }
  if (progress.handle !== undefined) startIsTold(tools, progress.handle);
}
