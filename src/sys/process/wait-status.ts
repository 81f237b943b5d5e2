/** How a process ended, as wait(2) tells it. */
export type WaitStatus =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: number };

/** The exit status that is told where nobody can tell a process's own any more. */
export const UNKNOWN_STATUS = 255;

/** The exit status as a shell would give it: the exit code, or 128 + the signal's number. */
export function exitStatusOf(status: WaitStatus): number {
  return status.kind === 'exited' ? status.code : 128 + status.signal;
}

/** Decodes the raw status of waitpid(2) (asked without WUNTRACED, so the process has ended). */
export function decodeWaitStatus(raw: number): WaitStatus {
  const signal = raw & 0x7f; // The bit above is the core dump flag.
  return signal === 0 ? { kind: 'exited', code: (raw >> 8) & 0xff } : { kind: 'signalled', signal };
}
