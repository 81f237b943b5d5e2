export type ProgramErrorCode =
  | 'no-such-process' // nothing has the name
  | 'not-running'
  | 'running' // it has to end first
  | 'no-output' // none is kept of it
  | 'other-cursor' // of another program's output
  | 'managed' // a file defines it
  | 'no-reload' // its definition says nothing of that
  | 'already-active' // the group is in use, or the name
  | 'invalid-definition'
  | 'failed'
  | 'invalid-name';

/** The one error class of this room. */
export class ProgramError extends Error {
  constructor(
    readonly code: ProgramErrorCode,
    /** As the client wrote it. */
    readonly program: string,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.name = 'ProgramError';
  }
}

export function noSuchProcess(name: string): ProgramError {
  return new ProgramError('no-such-process', name, `no such process: ${name}`);
}

export function notRunning(name: string, cause?: unknown): ProgramError {
  return new ProgramError('not-running', name, `not running: ${name}`, { cause });
}

/** Something else says what the name means. @param isOfCommandLine and that is no file */
export function managedElsewhere(name: string, isOfCommandLine: boolean): ProgramError {
  const message = isOfCommandLine ? `${name} is kept running as "run --restart" has said: "rm ${name}" forgets it` : `${name} is defined in a file of the agent: it is changed and taken away there`;
  return new ProgramError('managed', name, message);
}
