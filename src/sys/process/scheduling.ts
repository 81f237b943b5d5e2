import { writeFileSync } from 'node:fs';
import { setPriority } from 'node:os';
import { check } from '../errors';
import { libc } from '../native';
import { readProcStat } from './proc-stat';
import { errorCodeOf } from '../thrown';

const THIS_THREAD = 0;
const SCHED_OTHER = 0;
const SCHED_RESET_ON_FORK = 0x40000000;
/** struct sched_param: one int, 0 for SCHED_OTHER. */
const SCHED_PARAM_BYTES = 4;
/** autogroup(7) */
const AUTOGROUP = '/proc/self/autogroup';

/**
 * Gives this thread a nice value, and none of it to what it starts: a program or thread
 * made by it begins at 0 again where this one is negative (sched(7), "Resetting scheduling
 * policy for child processes").
 *
 * Where the kernel schedules by session (sched(7), "The autogroup feature"), a nice value counts
 * within the session only, and the session as such is one of many, however much the others run. A process that leads its
 * session gives the session the same value; what is to have none of that is to be started with a
 * session of its own. Another one's session, such as a shell's, is left alone.
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
  if (readProcStat(process.pid)?.session === process.pid) favourThisSession(nice);
}

/** Lets whatever else can run on this processor run first: sched_yield(2). */
export function yieldProcessor(): void {
  libc.schedYield();
}

function favourThisSession(nice: number): void {
  try {
    writeFileSync(AUTOGROUP, String(nice));
  } catch (error) {
    // A kernel without the feature: every thread's own value counts.
    if (errorCodeOf(error) !== 'ENOENT') throw error;
  }
}
