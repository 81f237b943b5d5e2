import { join } from 'node:path';
import { files } from '../../runtime/state-dir/layout';
import { createArgs, execArgs, restoreArgs } from '../../runtime/oci/oci-runtime';
import type { ProcessRecord } from '../../runtime/state-dir/process-file';
import { ShimError } from '../errors';
import type { ManagedProcess } from './managed-process';
import type { Shim } from '../shim';

/** What the runtime is called with to make a process, and where. */
export interface Launch {
  readonly args: readonly string[];
  readonly cwd: string;
  /** It may run the container's hooks. */
  readonly runsHooks: boolean;
}

/** Sockets that it is given from descriptor 3 on; they stay the shim's. @throws ShimError where they are not held here */
export function socketsOf(shim: Shim, { heldSockets }: ProcessRecord): readonly number[] {
  if (heldSockets === undefined) return [];
  const fds = shim.held.fdsOf(heldSockets);
  if (fds === undefined) throw new ShimError('shim-error', `the sockets ${JSON.stringify(heldSockets)} are not held here`);
  return fds;
}

/**
 * The call that makes the process: `exec`, `restore` for a checkpoint, else `create`.
 *
 * The runtime works in the process's directory, which is ours: it goes to the bundle by itself (runc and crun do), and one that hangs
 * there hangs in its own process. As the working directory of posix_spawn it would hold a thread of ours.
 * @param consoleSocket where the runtime sends the terminal; absent without one
 * @throws the errors of a checkpoint that cannot be read
 */
export async function launchOf(shim: Shim, entry: ManagedProcess, record: ProcessRecord, consoleSocket: string | undefined): Promise<Launch> {
  const { command, identity } = entry;
  const { dir, id, bundle } = identity;
  const pidFile = join(dir, files.pid);
  if (record.exec) {
    const args = execArgs(command, id, { processFile: join(dir, files.process), pidFile, consoleSocket });
    return { args, cwd: dir, runsHooks: false };
  }
  const options = { bundle, pidFile, consoleSocket, noPivotRoot: record.noPivotRoot, noNewKeyring: record.noNewKeyring, preservedFds: socketsOf(shim, record).length };
  if (record.checkpoint === '') return { args: createArgs(command, id, options), cwd: dir, runsHooks: true };
  const { record: made, workPath } = await shim.foreign.prepareRestore(record.checkpoint, entry.abortion.signal);
  const { shell, tcp, unixSockets, emptyNS } = made;
  const checkpoint = { shell, tcp, unixSockets, emptyNS, imagePath: record.checkpoint, workPath };
  return { args: restoreArgs(command, id, { ...options, ...checkpoint }), cwd: dir, runsHooks: true };
}
