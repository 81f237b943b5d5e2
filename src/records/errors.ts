export type RecordsErrorCode =
  | 'exists'
  | 'not-found'
  | 'invalid'
  | 'in-use'
  | 'failed' // the disk or SQLite has refused it
  | 'no-answer' // the disk does not answer
  | 'unusable'; // there is no database that could be written

/** The one error class of this room. The message has no word of the error's class: faces add what their clients know. */
export class RecordsError extends Error {
  constructor(
    readonly code: RecordsErrorCode,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.name = 'RecordsError';
  }
}

/** Whether a change that has failed may yet come to be on the disk: then nothing is to be undone that it tells of. */
export function mayYetBeMade(error: unknown): boolean {
  return error instanceof RecordsError && error.code === 'no-answer';
}
