import { readFileSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { RuntimeError } from '../../runtime/errors';
import { isHostRuntime } from '../../runtime/host/host-name';
import { callHostRuntime } from '../../runtime/host/host-runtime';
import { type Launcher, launchRuntime, succeeded } from '../../runtime/oci/launch-runtime';
import { lastErrorMessage } from '../../runtime/oci/runtime-log';
import type { RuntimeCommand } from '../../runtime/oci/oci-runtime';
import type { RuntimeChild } from '../../runtime/oci/runtime-child';
import { starvationOf } from '../../runtime/oci/starvation';
import { type WaitStatus, exitStatusOf } from '../../sys/process/wait-status';
import { messageOf } from '../../sys/thrown';
import { WorkError, abortReason, throwIfAborted } from '../errors';

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
 * Calls the runtime and waits for its end. Its process group is killed at the deadline or when the caller's signal says so.
 * @throws WorkError `runtime-failed` with the runtime's own message, `runtime-timeout`,
 *   `runtime-not-installed`, or the reason of the signal
 */
export async function callRuntime(
  tools: Launcher,
  command: RuntimeCommand,
  args: readonly string[],
  options: CallOptions,
): Promise<void> {
  const { signal, logFile } = options;
  if (signal !== undefined) throwIfAborted(signal);
  if (isHostRuntime(command.program)) {
    await callOnHost(command, args, options);
    return;
  }
  const loggedBefore = sizeOf(logFile);
  let child: RuntimeChild | undefined;
  const cut = new AbortController();
  const cutOff = (reason: WorkError): void => {
    if (!cut.signal.aborted) cut.abort(reason);
    child?.kill();
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
    child = await launch(tools, command, args, options, cut.signal);
    if (cut.signal.aborted) child.kill();
    status = await child.ended;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
  throwIfAborted(cut.signal);
  if (succeeded(status)) return;
  // Earlier calls log to the same file: only what this one has added speaks for it.
  const message = sizeOf(logFile) > loggedBefore ? lastErrorMessage(logFile) : undefined;
  const cause = starvationOf(status, message);
  throw message === undefined
    ? new WorkError('runtime-failed', `containerd: container not started: ${options.verb} ended with ${exitStatusOf(status)} and no message${cause === undefined ? '' : ' (no more processes or memory?)'}`, { cause })
    : new WorkError('runtime-failed', `oci runtime error: ${message}`, { cause });
}

/** What a host program's runtime would be called for is done here: at once, or in waits that end by themselves. */
async function callOnHost(command: RuntimeCommand, args: readonly string[], { logFile, stdin }: CallOptions): Promise<void> {
  const input = stdin === undefined ? undefined : readFileSync(stdin, 'utf8');
  try {
    await callHostRuntime({ initDir: dirname(logFile), args: args.slice(command.globalArgs.length), input });
  } catch (cause) {
    if (!(cause instanceof RuntimeError)) throw cause;
    throw new WorkError('runtime-failed', `oci runtime error: ${cause.message}`, { cause });
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

async function launch(
  tools: Launcher, { program }: RuntimeCommand, args: readonly string[], options: CallOptions, signal: AbortSignal,
): Promise<RuntimeChild> {
  const { runsHooks, stdin, stdout } = options;
  const stdio = { ...(stdin === undefined ? {} : { stdin }), ...(stdout === undefined ? {} : { stdout }) };
  try {
    // A session of its own: it gets none of the daemon's favour.
    return await launchRuntime(tools, { program, args, onOneProcessor: !runsHooks, leads: 'session', signal, ...stdio });
  } catch (cause) {
    throwIfAborted(signal);
    if (cause instanceof RuntimeError && cause.code === 'runtime-not-installed') throw new WorkError('runtime-not-installed', cause.message, { cause });
    throw new WorkError('runtime-failed', `cannot run ${program}: ${messageOf(cause)}`, { cause });
  }
}
