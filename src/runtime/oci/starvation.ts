import { constants } from 'node:os';
import { SysError } from '../../sys/errors';
import type { WaitStatus } from '../../sys/process/wait-status';

/** What strerror(3) says of the shortages, and runtimes pass on at the end of their messages. */
const WORDS = /resource temporarily unavailable|cannot allocate memory|too many open files|no space left on device|disk quota exceeded/i;

/** How a Go program ends that cannot have a thread: it says so on its standard error alone (runtime/panic.go, runtime/proc.go). */
const GO_FATAL = 2;
const SIGABRT = 6;

/**
 * Whether a call of the runtime failed for want of processes, memory, descriptors or room, and may succeed later.
 * @param said the last error in its log; undefined: it said nothing
 * @returns an error to be the cause of the caller's own, see `isShortage`; undefined where it failed for another reason
 */
export function starvationOf(status: WaitStatus, said: string | undefined): SysError | undefined {
  const starved = said === undefined ? endsAsIfFatal(status) : WORDS.test(said);
  return starved ? new SysError(constants.errno.EAGAIN, 'runtime') : undefined;
}

function endsAsIfFatal(status: WaitStatus): boolean {
  return status.kind === 'exited' ? status.code === GO_FATAL : status.signal === SIGABRT;
}
