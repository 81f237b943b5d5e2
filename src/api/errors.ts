/** A request that cannot be meant: INVALID_ARGUMENT, and nothing has been touched. */
export class RequestError extends Error {
  readonly code = 'invalid-argument';

  constructor(
    message: string,
    /** The field of the request. */
    readonly field: string,
  ) {
    super(message);
    this.name = 'RequestError';
  }
}
