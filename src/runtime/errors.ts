/** What went wrong, stable for code that decides on it; the message is for people. */
export type RuntimeErrorCode =
  /** An id or name that cannot be a path component (or would be taken for a flag). */
  | 'invalid-name'
  /** The client's bundle: missing, unreadable, not JSON, or not an OCI spec. */
  | 'bad-bundle'
  /** A file of the state directory that cannot be read or holds the wrong thing. */
  | 'bad-file'
  /** A line of the shim protocol that does not follow it. */
  | 'bad-message'
  /** A process or cgroup that ended before or while it was looked at. */
  | 'gone'
  /** A file system that did not answer in time, or does not answer others. */
  | 'unanswered'
  /** What cannot be done for a host program, which no other runtime is asked for. */
  | 'host-program'
  /** The runtime's program is nowhere in PATH. */
  | 'runtime-not-installed';

/** The error of this room. Its message is one line and names the file or name concerned. */
export class RuntimeError extends Error {
  override readonly name = 'RuntimeError';
  readonly code: RuntimeErrorCode;
  /** The container concerned, where it is known. */
  readonly id: string | undefined;
  /** The process concerned (the client's name for it), where it is known. */
  readonly processId: string | undefined;

  constructor(
    code: RuntimeErrorCode,
    message: string,
    options: { readonly cause?: unknown; readonly id?: string; readonly processId?: string } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.id = options.id;
    this.processId = options.processId;
  }
}
