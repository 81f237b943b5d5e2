import { RuntimeError } from '../../runtime/errors';
import { callHostRuntime } from '../../runtime/host/host-runtime';
import { type RuntimeLaunch, launchRuntime, succeeded } from '../../runtime/oci/launch-runtime';
import type { RuntimeChild } from '../../runtime/oci/runtime-child';
import { lastRuntimeError } from '../../runtime/state-dir/process-dir';
import { starvationOf } from '../../runtime/oci/starvation';
import type { WaitStatus } from '../../sys/process/wait-status';
import { ShimError } from '../errors';
import type { ManagedProcess } from './managed-process';
import type { Shim } from '../shim';

/** A runtime that takes longer to clean up hangs; the end of a process cannot wait for it for ever. */
const CLEAN_UP_MS = 30_000;

/**
 * Calls the runtime for a process that is there already (delete, kill), without stdio, not too many at a time.
 * @throws ShimError `runtime-failed` in the runtime's own words
 */
export async function callRuntime(shim: Shim, entry: ManagedProcess, args: readonly string[]): Promise<void> {
  await shim.cleanUps.run(async () => {
    // The undoing of a take is a part of it, which a handover waits for.
    if (entry.phase !== 'taking') await shim.gate.pass();
    if (entry.isOnHost) {
      await callOnHost(entry, args.slice(entry.command.globalArgs.length));
      return;
    }
    // Not the bundle: the client may have removed it.
    const child = await startRuntime(shim, { program: entry.command.program, args, runsHooks: true, cwd: entry.identity.dir });
    const timer = setTimeout(() => child.kill(), CLEAN_UP_MS);
    const status = await child.ended;
    clearTimeout(timer);
    if (!succeeded(status)) throw runtimeError(entry, status);
  });
}

async function callOnHost(entry: ManagedProcess, args: readonly string[]): Promise<void> {
  try {
    await callHostRuntime({ initDir: entry.identity.dir, args });
  } catch (error) {
    throw error instanceof RuntimeError && error.code === 'host-program' ? new ShimError('runtime-failed', error.message, { cause: error }) : error;
  }
}

export type RuntimeSpawn = Omit<RuntimeLaunch, 'onOneProcessor' | 'leads'> & {
  /** It may run hooks, which inherit its environment. */
  readonly runsHooks: boolean;
};

/**
 * Starts the runtime, in a process group of its own (see RuntimeChild).
 * @throws RuntimeError `runtime-not-installed`, or the system's error
 */
export async function startRuntime(shim: Shim, { runsHooks, ...spawn }: RuntimeSpawn): Promise<RuntimeChild> {
  const child = await launchRuntime(shim, { ...spawn, onOneProcessor: !runsHooks || shim.isCrowded, leads: 'processGroup' });
  return shim.calls.counted(child);
}

/** What the runtime said went wrong, as dockerd knows it; the cause is a shortage where it seems to have been one. */
export function runtimeError(entry: ManagedProcess, status: WaitStatus): ShimError {
  const said = lastRuntimeError(entry.identity.dir);
  const cause = starvationOf(status, said);
  return new ShimError('runtime-failed', said === undefined ? silence(entry, cause) : `oci runtime error: ${said}`, { cause });
}

function silence({ command }: ManagedProcess, cause: Error | undefined): string {
  const reason = cause === undefined ? '' : `: ${command.program} could not run (no more processes or memory?)`;
  return `containerd: container not started${reason}`;
}
