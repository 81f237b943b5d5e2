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

/** Launches with the sockets that the process is given from descriptor 3 on; they stay the shim's. @throws ShimError where they are not held here, and as `launch` */
export async function withSockets<T>(shim: Shim, { heldSockets }: ProcessRecord, launch: (sockets: readonly number[]) => Promise<T>): Promise<T> {
  if (heldSockets === undefined) return await launch([]);
  return await shim.held.lend(heldSockets, (fds) => {
    if (fds === undefined) throw new ShimError('shim-error', `the sockets ${JSON.stringify(heldSockets)} are not held here`);
    return launch(fds);
  });
}

/**
 * The call that makes the process: `exec`, `restore` for a checkpoint, else `create`.
 *
 * The runtime works in the process's directory, which is ours: it goes to the bundle by itself (runc and crun do), and one that hangs
 * there hangs in its own process. As the working directory of posix_spawn it would hold a thread of ours.
 * @param given.consoleSocket where the runtime sends the terminal; absent without one
 * @param given.sockets from descriptor 3 on
 * @throws the errors of a checkpoint that cannot be read
 */
export async function launchOf(shim: Shim, entry: ManagedProcess, record: ProcessRecord, given: { readonly consoleSocket?: string; readonly sockets: readonly number[] }): Promise<Launch> {
  const { command, identity } = entry;
  const { consoleSocket, sockets } = given;
  const { dir, id, bundle } = identity;
  const pidFile = join(dir, files.pid);
  if (record.exec) {
    const args = execArgs(command, id, { processFile: join(dir, files.process), pidFile, consoleSocket });
    return { args, cwd: dir, runsHooks: false };
  }
  const options = { bundle, pidFile, consoleSocket, noPivotRoot: record.noPivotRoot, noNewKeyring: record.noNewKeyring, preservedFds: sockets.length };
  if (record.checkpoint === '') return { args: createArgs(command, id, options), cwd: dir, runsHooks: true };
  const { record: made, workPath } = await shim.foreign.prepareRestore(record.checkpoint, entry.abortion.signal);
  const { shell, tcp, unixSockets, emptyNS } = made;
  const checkpoint = { shell, tcp, unixSockets, emptyNS, imagePath: record.checkpoint, workPath };
  return { args: restoreArgs(command, id, { ...options, ...checkpoint }), cwd: dir, runsHooks: true };
}
