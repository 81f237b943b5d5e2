/** What can end a piece of work that a worker does for the supervisor. */
export type WorkErrorCode =
  | 'start-timeout'
  | 'cancelled'
  | 'shim-exited'
  | 'shim-hangs'
  | 'shim-not-installed'
  | 'shim-failed'
  | 'shim-protocol'
  | 'runtime-not-installed'
  | 'runtime-failed'
  | 'runtime-timeout'
  | 'bundle-failed'
  | 'no-checkpoint'
  | 'checkpoint-failed';

const texts: Readonly<Partial<Record<WorkErrorCode, string>>> = {
  'start-timeout': 'containerd: container did not start before the specified timeout',
  cancelled: 'the client went away before the start was done, and it was undone',
  'shim-hangs': 'shim error: the shim did not become ready, and was killed',
  'shim-exited': 'containerd: shim exited before container process was started',
};

/** The one error class of this room. The message is what a client reads: the contract's words. */
export class WorkError extends Error {
  constructor(
    readonly code: WorkErrorCode,
    message?: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message ?? texts[code] ?? code, options);
    this.name = 'WorkError';
  }
}

/** The reason of an aborted signal as an error of ours. */
export function abortReason(signal: AbortSignal): WorkError {
  return signal.reason instanceof WorkError ? signal.reason : new WorkError('cancelled');
}

/** Throws if `signal` has been aborted. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw abortReason(signal);
}
