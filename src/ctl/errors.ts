import { exitStatus } from './exit-status';

/** Why a command failed, for callers that treat some of it as an answer. */
export type CtlErrorCode =
  | 'unreachable' // no daemon at the address, or it went away in the middle of a call
  | 'no-such-process' // no container, or no process in it, of that name
  | 'already-started'
  | 'not-running' // it is known, but has ended
  | 'invalid-argument'
  | 'unimplemented' // this daemon does not know the call
  | 'refused' // the daemon tried and failed; the message is its own
  | 'bad-bundle' // found on this side, before the daemon was asked
  | 'interrupted'
  | 'local'; // a file or a device on this side

const statuses: Readonly<Record<CtlErrorCode, number>> = {
  unreachable: exitStatus.notRunning,
  'no-such-process': exitStatus.failed,
  'already-started': exitStatus.ok,
  'not-running': exitStatus.notRunning,
  'invalid-argument': exitStatus.invalidArguments,
  unimplemented: exitStatus.failed,
  refused: exitStatus.failed,
  'bad-bundle': exitStatus.notRunning,
  interrupted: exitStatus.failed,
  local: exitStatus.failed,
};

export interface CtlErrorOptions {
  /** What the user may do next: a sentence. */
  readonly hint?: string;
  /** Instead of the code's usual status. */
  readonly exitStatus?: number;
  /** `run` and `exec` exit with that status, and with 125 otherwise. */
  readonly isOfProgram?: boolean;
  /** Whom it is about. */
  readonly about?: string;
  readonly cause?: unknown;
}

/** An error that ends a command: said on stderr, without a stack. */
export class CtlError extends Error {
  readonly code: CtlErrorCode;
  readonly hint: string | undefined;
  readonly exitStatus: number;
  /** Whom it is about, where that is one. */
  readonly about: string | undefined;
  /** The status is what a shell would have of the program, such as 127. */
  readonly isOfProgram: boolean;

  constructor(code: CtlErrorCode, message: string, options: CtlErrorOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.name = 'CtlError';
    this.code = code;
    this.hint = options.hint;
    this.about = options.about;
    this.isOfProgram = options.isOfProgram ?? false;
    this.exitStatus = options.exitStatus ?? statuses[code];
  }
}

/** Whether `error` is ours and has this code. */
export function isCtlError(error: unknown, ...codes: readonly CtlErrorCode[]): error is CtlError {
  return error instanceof CtlError && codes.includes(error.code);
}

/** As it is said with --json, on stderr. */
export function errorJson({ code, message, about }: Pick<CtlError, 'code' | 'message' | 'about'>): string {
  return JSON.stringify({ error: { code: code.replaceAll('-', '_'), ...(about === undefined ? {} : { name: about }), message } });
}
