import { status } from '@grpc/grpc-js';

/** The classes of errors that clients of this API tell apart, with the word of each and its status code. */
const classes = {
  'invalid-argument': { word: 'invalid argument', code: status.INVALID_ARGUMENT },
  'not-found': { word: 'not found', code: status.NOT_FOUND },
  'already-exists': { word: 'already exists', code: status.ALREADY_EXISTS },
  'failed-precondition': { word: 'failed precondition', code: status.FAILED_PRECONDITION },
  'not-implemented': { word: 'not implemented', code: status.UNIMPLEMENTED },
  unavailable: { word: 'unavailable', code: status.UNAVAILABLE },
  cancelled: { word: 'context canceled', code: status.CANCELLED },
  'resource-exhausted': { word: 'resource exhausted', code: status.RESOURCE_EXHAUSTED },
  'out-of-range': { word: 'out of range', code: status.OUT_OF_RANGE },
  'data-loss': { word: 'data loss', code: status.DATA_LOSS },
  unknown: { word: 'unknown', code: status.UNKNOWN },
} as const;

export type ErrorClass = keyof typeof classes;

/** What a request of this API is refused with. The message goes out as it is. */
export class FaceError extends Error {
  /** @param message the whole text: clients look for parts of it, and some texts do not end with the class's word */
  constructor(
    readonly errorClass: ErrorClass,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.name = 'FaceError';
  }

  /** The gRPC status code of the class. */
  get code(): status {
    return classes[this.errorClass].code;
  }
}

/** An error whose text ends with the word of its class, as most do: `container "x" in namespace "ns": not found`. */
export function classError(errorClass: ErrorClass, context: string, options?: { readonly cause?: unknown }): FaceError {
  return new FaceError(errorClass, `${context}: ${classes[errorClass].word}`, options);
}
