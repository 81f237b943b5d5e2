import { setPriority } from 'node:os';
import { check } from './errors';
import { libc } from './native';

const THIS_THREAD = 0;
const SCHED_OTHER = 0;
const SCHED_RESET_ON_FORK = 0x40000000;
/** struct sched_param: one int, 0 for SCHED_OTHER. */
const SCHED_PARAM_BYTES = 4;

/**
 * Gives this thread a nice value, and none of it to what it starts: a program or thread
 * made by it begins at 0 again where this one is negative (sched(7), "Resetting scheduling
 * policy for child processes").
 * @param nice -20 (most favourable) to 19
 * @throws SysError, or Node's own error, EPERM without CAP_SYS_NICE
 */
export function favourThisThread(nice: number): void {
  // First the reset, so that no child ever gets the favour.
  check(
    libc.schedSetscheduler(THIS_THREAD, SCHED_OTHER | SCHED_RESET_ON_FORK, Buffer.alloc(SCHED_PARAM_BYTES)),
    'sched_setscheduler',
  );
  setPriority(THIS_THREAD, nice);
}
