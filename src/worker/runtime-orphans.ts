import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { files } from '../runtime/layout';
import { SysError } from '../sys/errors';
import { signalPid } from '../sys/process';

const SIGKILL = 9;

/**
 * Kills the runtime's calls that a dead shim has left under way for a process: each
 * has the process's pid file among its arguments, and would go on to make a
 * container that nobody wants any more.
 */
export async function killRuntimeCallsOf(processDir: string): Promise<void> {
  const pidFile = join(processDir, files.pid);
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    if (argumentsOf(entry).includes(pidFile)) kill(Number(entry));
    // A scan of a busy host's /proc takes milliseconds; the daemon answers in between.
    if (Number(entry) % 64 === 0) await new Promise(setImmediate);
  }
}

function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

function kill(pid: number): void {
  try {
    signalPid(pid, SIGKILL);
  } catch (error) {
    if (!(error instanceof SysError && error.code === 'ESRCH')) throw error;
  }
}
