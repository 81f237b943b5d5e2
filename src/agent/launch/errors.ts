export type LaunchErrorCode =
  | 'no-such-account' // passwd(5) or group(5) does not know the name
  | 'environment-file' // it cannot be read, or makes no sense
  | 'environment' // a variable refers to one that there is not
  | 'secret'
  | 'listen' // a socket cannot be had
  | 'bundle' // its config.json cannot be read
  | 'unsupported'; // what this version cannot do

/** Why a process cannot be started as it is defined, now. The message is whole, in words that a client may be shown. */
export class LaunchError extends Error {
  constructor(
    readonly code: LaunchErrorCode,
    /** Its full name. */
    readonly process: string,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.name = 'LaunchError';
  }
}
