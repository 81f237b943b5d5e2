import { RuntimeError } from '../../../runtime/errors';
import { SupervisorError } from '../../../supervisor/errors';
import { SysError } from '../../../sys/errors';
import { messageOf } from '../../../sys/thrown';
import { type WorkFailure, workFailureOf } from '../../../supervisor/work-failure';
import type { FaceError} from '../errors';
import { classError } from '../errors';
import { noExec, noTask } from './find-task';

/** Where something failed, for the text: the task or the exec that it was about, and what the runtime was asked for. */
export interface Attempt {
  readonly id: string;
  /** Empty for the task itself. */
  readonly execId?: string;
  /** The verb as this API's clients read it, such as `create`. */
  readonly runtimeVerb?: string;
  /** Comes before the runtime's or the shim's own words. */
  readonly prefix?: string;
}

/** Runs `work` and puts what it throws into this API's words. */
export async function inTaskWords<T>(attempt: Attempt, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw taskError(error, attempt);
  }
}

/** What the core says, in the words that this API's clients know. Other errors are left as they are. */
export function taskError(error: unknown, attempt: Attempt): unknown {
  const { id, execId = '', prefix = '' } = attempt;
  if (error instanceof SysError && error.code === 'ESRCH') return classError('not-found', 'process already finished', { cause: error });
  const failure = workFailureOf(error);
  if (failure !== undefined) return unknownError(`${prefix}${runtimeWords(failure, attempt)}`, error);
  if (error instanceof RuntimeError) return unknownError(`${prefix}${missingRuntime(error, attempt) ?? messageOf(error)}`, error);
  if (!(error instanceof SupervisorError)) return error;
  switch (error.code) {
    case 'container-not-found':
      return noTask(id);
    case 'process-not-found':
      return noExec(execId);
    case 'container-exists':
      return classError('already-exists', `task ${id}`, { cause: error });
    case 'process-exists':
      return classError('already-exists', `id ${execId}`, { cause: error });
    case 'wrong-state':
      return unknownError(`${prefix}${error.message}`, error);
    case 'busy':
    case 'cancelled':
    case 'fell-behind':
    case 'log-unavailable':
    case 'no-such-containers':
    case 'not-started':
    case 'shutting-down':
    case 'unknown-status':
      return error;
  }
}

function unknownError(context: string, cause: unknown): FaceError {
  return classError('unknown', context, { cause });
}

const runtimePrefix = 'oci runtime error: ';
const shimPrefix = 'shim error: ';

/** `OCI runtime create failed: <the runtime's own words>`: dockerd makes its exit codes of them. */
function runtimeWords({ message, isRuntimes, isTimeout }: WorkFailure, { runtimeVerb }: Attempt): string {
  if (isTimeout) return 'context deadline exceeded';
  if (!isRuntimes) return without(shimPrefix, message);
  return runtimeVerb === undefined ? message : `OCI runtime ${runtimeVerb} failed: ${without(runtimePrefix, message)}`;
}

function without(prefix: string, message: string): string {
  return message.startsWith(prefix) ? message.slice(prefix.length) : message;
}

/** A runtime that is not there, as the original's shim fails to execute it: dockerd makes exit code 127 of it. */
function missingRuntime({ code, message }: RuntimeError, { runtimeVerb }: Attempt): string | undefined {
  if (code !== 'runtime-not-installed' || runtimeVerb === undefined) return undefined;
  const name = message.replace(/ not installed on system$/, '');
  const why = name.startsWith('/') ? `fork/exec ${name}: no such file or directory` : `exec: "${name}": executable file not found in $PATH`;
  return `OCI runtime ${runtimeVerb} failed: ${why}`;
}
