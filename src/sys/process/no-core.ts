import { readFileSync } from 'node:fs';
import { check } from '../errors';
import { libc } from '../native';

const PR_SET_DUMPABLE = 4;
/** Of linux/capability.h. */
const CAP_SYS_PTRACE = 19n;

/**
 * Has this process leave no core dump, wherever cores go and whatever its limit for them is: prctl(2), PR_SET_DUMPABLE. What it starts has its own word from execve(2) on,
 * and its limit (RLIMIT_CORE) as ever.
 *
 * Such a process is opened (/proc/PID/fd, pidfd_getfd(2)) only for who has CAP_SYS_PTRACE, as we do with each other: where this process has not got it, nothing is done.
 * @returns whether it leaves none now
 */
export function leaveNoCore(): boolean {
  if (!mayOpenOthers()) return false;
  check(libc.prctl(PR_SET_DUMPABLE, 0, 0, 0, 0), 'prctl PR_SET_DUMPABLE');
  return true;
}

function mayOpenOthers(): boolean {
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1')) ?? [];
  return ((BigInt(`0x${effective}`) >> CAP_SYS_PTRACE) & 1n) === 1n;
}
