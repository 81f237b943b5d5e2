import { readFileSync } from 'node:fs';
import { readProcStat } from '../sys/proc-stat';

/**
 * Ticks of `starttime` in a second: what the kernel shows user programs (USER_HZ, proc(5)) is 100
 * on every architecture that Node runs on, whatever it counts in itself.
 */
const TICKS_PER_SECOND = 100;

/**
 * How long a process of this host has run, in seconds. The API does not say when a container was
 * started, but its socket is a local one, so the kernel can be asked. Undefined where the process
 * is gone or is not to be seen from this pid namespace.
 */
export function uptimeSeconds(systemPid: number): number | undefined {
  const stat = readProcStat(systemPid);
  if (stat === undefined) return undefined;
  const sinceBoot = Number.parseFloat(readFileSync('/proc/uptime', 'utf8'));
  return Math.max(0, sinceBoot - Number(stat.starttime) / TICKS_PER_SECOND);
}
