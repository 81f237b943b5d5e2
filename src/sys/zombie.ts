import { readFileSync } from 'node:fs';
import { decodeWaitStatus, type WaitStatus } from './children';

// proc_pid_stat(5), counted from field 3, which follows the name in parentheses.
const STATE = 0;
const STARTTIME = 19;
const EXIT_CODE = 49;

/**
 * How a process ended that its parent has not reaped yet, whoever that is: /proc tells it of a zombie, to root.
 * Undefined once it has been reaped, or for another process of that number.
 */
export function zombieStatus(pid: number, starttime: string): WaitStatus | undefined {
  let line: string;
  try {
    line = readFileSync(`/proc/${pid}/stat`, 'latin1');
  } catch {
    return undefined;
  }
  const fields = line.slice(line.lastIndexOf(')') + 2).trim().split(' ');
  const raw = Number(fields[EXIT_CODE]);
  if (fields[STATE] !== 'Z' || fields[STARTTIME] !== starttime || !Number.isInteger(raw)) return undefined;
  return decodeWaitStatus(raw);
}
