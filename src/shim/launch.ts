import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readCheckpointRecord } from '../runtime/checkpoint-file';
import { files } from '../runtime/layout';
import { createArgs, execArgs, restoreArgs, type CheckpointFlags } from '../runtime/oci-runtime';
import type { ProcessRecord } from '../runtime/process-file';
import type { ManagedProcess } from './managed-process';

/** What the runtime is called with to make a process, and where. */
export interface Launch {
  readonly args: readonly string[];
  readonly cwd: string;
  /** It may run the container's hooks. */
  readonly runsHooks: boolean;
}

/**
 * The call that makes the process: `exec`, `restore` for a checkpoint, else `create`.
 * @param consoleSocket where the runtime sends the terminal; absent without one
 * @throws the errors of a checkpoint that cannot be read
 */
export function launchOf(entry: ManagedProcess, record: ProcessRecord, consoleSocket: string | undefined): Launch {
  const { command, identity } = entry;
  const { dir, id, bundle } = identity;
  const pidFile = join(dir, files.pid);
  if (record.exec) {
    const args = execArgs(command, id, { processFile: join(dir, files.process), pidFile, consoleSocket });
    // The client may have removed the bundle of a running container.
    return { args, cwd: dir, runsHooks: false };
  }
  const options = { bundle, pidFile, consoleSocket, noPivotRoot: record.noPivotRoot };
  if (record.checkpoint === '') return { args: createArgs(command, id, options), cwd: bundle, runsHooks: true };
  return { args: restoreArgs(command, id, { ...options, ...checkpointOptions(record.checkpoint) }), cwd: bundle, runsHooks: true };
}

function checkpointOptions(checkpointDir: string): CheckpointFlags & { imagePath: string; workPath: string } {
  // First: where there is no checkpoint, nothing is made.
  const { shell, tcp, unixSockets, emptyNS } = readCheckpointRecord(checkpointDir);
  const workPath = join(checkpointDir, 'criu.work', `restore-${new Date().toISOString()}`);
  // The runtime makes the last directory alone.
  mkdirSync(workPath, { recursive: true, mode: 0o700 });
  return { shell, tcp, unixSockets, emptyNS, imagePath: checkpointDir, workPath };
}
