import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { files } from '../../runtime/state-dir/layout';
import { deleteArgs, logArgs } from '../../runtime/oci/oci-runtime';
import { readProcessRecord } from '../../runtime/state-dir/process-file';
import { RuntimeError } from '../../runtime/errors';
import { isShortage } from '../../sys/shortage';
import { WorkError } from '../errors';
import { callRuntime } from './runtime-call';
import type { Takeover } from '../shims/shim';
import type { WorkTools } from '../tools';

/**
 * Has the runtime delete a container whose shim can not. What the runtime cannot delete is said
 * in the log, and does not keep the exit from being told.
 * @param options insist: default; what there was nothing left to run it with is thrown, to be tried again
 */
export async function deleteInRuntime(
  tools: WorkTools,
  takeover: Takeover,
  options: { readonly force: boolean; readonly insist?: boolean },
): Promise<void> {
  if (!existsSync(takeover.dir)) return;
  const logFile = join(takeover.dir, files.log);
  const command = { program: takeover.runtime, globalArgs: [...logArgs(logFile), ...runtimeArgsOf(takeover.dir)] };
  try {
    await callRuntime(tools, command, deleteArgs(command, takeover.id, options), {
      verb: 'delete',
      logFile,
      timeoutMs: tools.startTimeoutMs,
      runsHooks: true,
    });
  } catch (cause) {
    if (!(cause instanceof WorkError) || (options.insist !== false && isShortage(cause))) throw cause;
    // Deleted before, by a shim or by us before a restart: each step of an end can be repeated.
    if (/does not exist/.test(cause.message)) return;
    tools.log.warn({ id: takeover.id, err: cause }, 'the runtime could not delete the container');
  }
}

/** The runtime arguments of a container, from its process file; none where that cannot be read. */
function runtimeArgsOf(dir: string): readonly string[] {
  try {
    return readProcessRecord(dir).runtimeArgs;
  } catch (error) {
    if (error instanceof RuntimeError) return [];
    throw error;
  }
}
