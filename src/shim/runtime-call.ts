import { constants } from 'node:os';
import { oneProcessor } from '../runtime/one-processor';
import { lastRuntimeError } from '../runtime/process-dir';
import { starvationOf } from '../runtime/starvation';
import type { Child, WaitStatus } from '../sys/children';
import { SysError } from '../sys/errors';
import { signalPid } from '../sys/process';
import { errorCodeOf } from '../sys/thrown';
import { ShimError } from './errors';
import type { ManagedProcess } from './managed-process';
import type { Shim } from './shim';

/** A runtime that takes longer to clean up hangs; the end of a process cannot wait for it for ever. */
const CLEAN_UP_MS = 30_000;

/**
 * Calls the runtime for a process that is there already (delete, kill), without stdio, not too many at a time.
 * @throws ShimError `runtime-failed` in the runtime's own words
 */
export async function callRuntime(shim: Shim, entry: ManagedProcess, args: readonly string[]): Promise<void> {
  await shim.cleanUps.run(async () => {
    // Not the bundle: the client may have removed it.
    const child = await launchRuntime(shim, { program: entry.command.program, args, runsHooks: true, cwd: entry.identity.dir });
    const timer = setTimeout(() => killRuntime(child), CLEAN_UP_MS);
    const status = await child.exited;
    clearTimeout(timer);
    if (!succeeded(status)) throw runtimeError(entry, status);
  });
}

export interface RuntimeSpawn {
  /** Absolute path. */
  readonly program: string;
  readonly args: readonly string[];
  /** It may run hooks, which inherit its environment. */
  readonly runsHooks: boolean;
  readonly cwd: string;
  readonly stdin?: number;
  readonly stdout?: number;
  readonly stderr?: number;
}

/**
 * Starts the runtime, in a process group of its own (see killRuntime).
 * Rejects with a ShimError `runtime-not-installed`, or the system's error.
 */
export async function launchRuntime(shim: Shim, { program, runsHooks, ...spawn }: RuntimeSpawn): Promise<Child> {
  const launch = (file: string): Promise<Child> => {
    // A copy is of runc or crun, which are over in a moment; others may leave programs running that want more.
    const env = file !== program && (!runsHooks || shim.isCrowded) ? { env: oneProcessor() } : {};
    return shim.reaper.launch({ ...spawn, ...env, file, argv0: program, processGroup: true });
  };
  try {
    return await shim.runtimeCopies.launch(program, launch);
  } catch (error) {
    // ENOENT for the working directory names that one.
    if (!(error instanceof SysError && error.code === 'ENOENT' && error.path === program)) throw error;
    throw new ShimError('runtime-not-installed', `${program} not installed on system`, { cause: error });
  }
}

/** Ends a runtime with the helpers that it has started; a container's init is in a session of its own. */
export function killRuntime(child: Child): void {
  try {
    // Its number is its own as long as it has not been reaped, and child.kill would spare the helpers.
    signalPid(-child.pid, constants.signals.SIGKILL);
  } catch (error) {
    if (errorCodeOf(error) !== 'ESRCH') throw error;
  }
}

export function succeeded(status: WaitStatus): boolean {
  return status.kind === 'exited' && status.code === 0;
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
