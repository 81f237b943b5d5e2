import { statSync } from 'node:fs';
import { type Child, type WaitStatus, exitStatusOf } from '../sys/children';
import { SysError } from '../sys/errors';
import { signalPid } from '../sys/process';
import { lastErrorMessage } from '../runtime/runtime-log';
import type { RuntimeCommand } from '../runtime/oci-runtime';
import { oneProcessor } from '../runtime/one-processor';
import { starvationOf } from '../runtime/starvation';
import { WorkError, abortReason, throwIfAborted } from './errors';
import type { WorkTools } from './tools';

const SIGKILL = 9;

/** What a call is made with. */
type Caller = Pick<WorkTools, 'reaper' | 'runtimeCopies'>;

export interface CallOptions {
  /** What a client reads where the runtime's message says less: the verb, such as `pause`. */
  readonly verb: string;
  /** Where the runtime's JSON log goes (`--log`, among the command's global arguments). */
  readonly logFile: string;
  /** 0: as long as it likes. */
  readonly timeoutMs: number;
  /** It may run hooks, which inherit its environment. */
  readonly runsHooks: boolean;
  readonly signal?: AbortSignal;
  /** A descriptor for its standard input; stays the caller's. */
  readonly stdin?: number;
  /** A descriptor for its standard output; stays the caller's. */
  readonly stdout?: number;
}

/**
 * Calls the runtime and waits for its end, in a session of its own, so that it gets none of the daemon's favour, and whose
 * process group is killed at the deadline or when the caller's signal says so.
 * @throws WorkError `runtime-failed` with the runtime's own message, `runtime-timeout`,
 *   `runtime-not-installed`, or the reason of the signal
 */
export async function callRuntime(
  tools: Caller,
  command: RuntimeCommand,
  args: readonly string[],
  options: CallOptions,
): Promise<void> {
  const { signal, logFile } = options;
  if (signal !== undefined) throwIfAborted(signal);
  const loggedBefore = sizeOf(logFile);
  let child: Child | undefined;
  let cut: WorkError | undefined;
  const cutOff = (reason: WorkError): void => {
    cut ??= reason;
    if (child !== undefined) killGroup(child.pid);
  };
  const overdue = (): void => {
    cutOff(new WorkError('runtime-timeout', `the runtime did not ${options.verb} within ${options.timeoutMs} ms`));
  };
  const timer = options.timeoutMs === 0 ? undefined : setTimeout(overdue, options.timeoutMs);
  const onAbort = (): void => {
    if (signal !== undefined) cutOff(abortReason(signal));
  };
  signal?.addEventListener('abort', onAbort);
  let status: WaitStatus;
  try {
    child = await launchRuntime(tools, command, args, options);
    if (cut !== undefined) killGroup(child.pid);
    status = await child.exited;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
  if (cut !== undefined) throw cut;
  if (status.kind === 'exited' && status.code === 0) return;
  // Earlier calls log to the same file: only what this one has added speaks for it.
  const message = sizeOf(logFile) > loggedBefore ? lastErrorMessage(logFile) : undefined;
  const cause = starvationOf(status, message);
  throw message === undefined
    ? new WorkError('runtime-failed', `containerd: container not started: ${options.verb} ended with ${exitStatusOf(status)} and no message${cause === undefined ? '' : ' (no more processes or memory?)'}`, { cause })
    : new WorkError('runtime-failed', `oci runtime error: ${message}`, { cause });
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

async function launchRuntime(
  { reaper, runtimeCopies }: Caller,
  command: RuntimeCommand,
  args: readonly string[],
  options: CallOptions,
): Promise<Child> {
  const { runsHooks, stdin, stdout } = options;
  const launch = (file: string): Promise<Child> =>
    reaper.launch({
      file,
      argv0: command.program,
      args,
      session: true,
      ...(stdin === undefined ? {} : { stdin }),
      ...(stdout === undefined ? {} : { stdout }),
      // As in the shim: a copy is of runc or crun, which are over in a moment.
      ...(file === command.program || runsHooks ? {} : { env: oneProcessor() }),
    });
  try {
    return await runtimeCopies.launch(command.program, launch);
  } catch (cause) {
    if (cause instanceof SysError && cause.code === 'ENOENT') {
      throw new WorkError('runtime-not-installed', `${command.program} not installed on system`, { cause });
    }
    throw new WorkError('runtime-failed', `cannot run ${command.program}: ${(cause as Error).message}`, { cause });
  }
}

function killGroup(pid: number): void {
  try {
    signalPid(-pid, SIGKILL);
  } catch (error) {
    // Gone already: its end is on the way.
    if (!(error instanceof SysError && error.code === 'ESRCH')) throw error;
  }
}
