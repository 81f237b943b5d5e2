import { RuntimeError } from '../../../runtime/errors';
import { stdioTargets } from '../../../runtime/state-dir/stdio-target';
import { classError } from '../errors';

/** What a request says of a process's stdio. */
export interface StdioRequest {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
  readonly terminal: boolean;
}

/** Where a process's stdio goes, as URIs or paths; an empty one is the null device. */
export interface TaskStdio {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Checks a request's stdio, and leaves it as it is: clients that attach later ask for it. A terminal has no stderr of its own.
 * @throws FaceError
 */
export function stdioOf({ stdin, stdout, stderr, terminal }: StdioRequest): TaskStdio {
  const names = { stdin, stdout, stderr: terminal ? '' : stderr };
  try {
    stdioTargets(names, terminal);
    return names;
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    if (!error.message.startsWith('unknown STDIO scheme')) throw classError('invalid-argument', error.message, { cause: error });
    throw classError('unknown', `failed to create shim task: failed to create init process I/O: ${error.message}`, { cause: error });
  }
}
