/** What can be wrong with the way the daemon was started; stable, for tests and callers. */
export type DaemonErrorCode =
  | 'unknown-flag'
  | 'missing-value'
  | 'unexpected-argument'
  | 'bad-value'
  | 'config-unreadable'
  | 'config-invalid'
  | 'config-refused'
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
