import { exitInfoOf } from './process';
import { readProcStat } from './proc-stat';
import { type WaitStatus, decodeWaitStatus } from './wait-status';

/** A process that need not be a child of this one. */
export interface OtherProcess {
  readonly pid: number;
  readonly starttime: string;
  readonly pidFd: number | undefined;
}

/**
 * How a process ended, whoever is or was its parent. Undefined while it runs, and where nobody tells.
 *
 * Of one that its parent has not reaped yet only /proc tells. Once it is reaped, kernels before Linux 6.15 tell its parent alone,
 * which may have been this process, as a subreaper.
 * @param orphanStatus of a child of this process that nobody waited for
 */
export function statusOfOther({ pid, starttime, pidFd }: OtherProcess, orphanStatus: (pid: number) => WaitStatus | undefined): WaitStatus | undefined {
  return zombieStatus(pid, starttime) ?? (pidFd === undefined ? undefined : exitInfoOf(pidFd)) ?? orphanStatus(pid);
}

/** To root, and of this very process: the number may be another's by now. */
function zombieStatus(pid: number, starttime: string): WaitStatus | undefined {
  const stat = readProcStat(pid);
  if (stat?.state !== 'Z' || stat.starttime !== starttime || stat.waitStatus === undefined) return undefined;
  return decodeWaitStatus(stat.waitStatus);
}
