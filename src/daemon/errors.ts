/** What can be wrong with the way the daemon was started; stable, for tests and callers. */
export type DaemonErrorCode =
  | 'unknown-flag'
  | 'missing-value'
  | 'unexpected-argument'
  | 'bad-value'
  | 'config-unreadable'
  | 'config-invalid'
  | 'listen-failed'
  | 'state-dir-locked';

/**
 * An error that the person who started the daemon has to read. The message is one line, names the
 * flag (or the file and key) and the value, and stands alone: print it and exit with status 1.
 */
export class DaemonError extends Error {
  override readonly name = 'DaemonError';

  constructor(
    readonly code: DaemonErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** @returns the words of anything that was thrown */
export function reasonOf(error: unknown): string {
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message);
  return String(error);
}

/** @returns whether this is a system error of that code, such as `ENOENT` */
export function isErrno(error: unknown, code: string): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === code;
}
