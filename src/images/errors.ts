import { RecordsError } from '../records/errors';

export type ImagesErrorCode =
  | 'invalid'
  | 'not-found'
  | 'exists'
  | 'precondition' // something else has to be so first
  | 'out-of-range'
  | 'locked' // somebody else is writing it
  | 'not-implemented'
  | 'failed' // the disk has refused it
  | 'no-answer' // the disk does not answer
  | 'denied' // a registry wants a login, or another one
  | 'registry'; // a registry cannot be reached, or fails

/** The one error class of this room. The message has no word of the error's class: faces add what their clients know. */
export class ImagesError extends Error {
  constructor(
    readonly code: ImagesErrorCode,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.name = 'ImagesError';
  }
}

/** Of a blob that an image names, in the words of our own face. */
export function notHere(digest: string): ImagesError {
  return new ImagesError('not-found', `the image names ${digest}, which is not here`);
}

/** Of this room, or of the records, which are asked last. */
export function isCode(error: unknown, code: 'exists' | 'not-found'): boolean {
  return (error instanceof ImagesError || error instanceof RecordsError) && error.code === code;
}
