import { WorkError } from '../worker/errors';

/** What went wrong in a worker's hands, for the faces, which do not know the workers. */
export interface WorkFailure {
  /** The runtime itself said so (or said nothing, and failed). */
  readonly isRuntimes: boolean;
  readonly isTimeout: boolean;
  /** In the words of the legacy API, whose clients know `oci runtime error: …`. */
  readonly message: string;
}

/** Undefined for any other error. */
export function workFailureOf(error: unknown): WorkFailure | undefined {
  if (!(error instanceof WorkError)) return undefined;
  const { code, message } = error;
  return { isRuntimes: code === 'runtime-failed', isTimeout: code === 'start-timeout' || code === 'runtime-timeout', message };
}
