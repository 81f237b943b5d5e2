import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { files } from '../runtime/layout';
import { SysError } from '../sys/errors';
import { signalPid } from '../sys/process';
import { isShortage } from '../sys/shortage';

const SIGKILL = 9;
/** A call that comes to its end leaves less behind than one that is killed on its way. */
const graceMs = 1000;
/** A killed one that is not gone by then sits in the kernel, and cannot be waited for. */
const patienceMs = 5000;
const lookEveryMs = 25;

/**
 * Ends the runtime's calls that a dead shim or daemon has left under way for a process, which would go on to make
 * or start what nobody wants any more. Each has the process's pid file or log among its arguments. They are
 * nobody's children here, so that only /proc tells of their end. A call that a shim was killed over before its
 * execve(2) still goes by that shim's arguments: it lives on alone (vfork(2)), and becomes the runtime in a moment.
 * @param deadShims names of shims that are dead
 */
export async function endRuntimeCallsOf(processDir: string, deadShims: readonly string[]): Promise<void> {
  const named = [...[files.pid, files.log].map((name) => join(processDir, name)), ...deadShims];
  const beganMs = performance.now();
  for (let calls = await callsNaming(named); calls.length > 0; calls = await callsNaming(named)) {
    const waitedMs = performance.now() - beganMs;
    if (waitedMs > patienceMs) return;
    if (waitedMs > graceMs) for (const pid of calls) killGroup(pid);
    await delay(lookEveryMs);
  }
}

async function callsNaming(named: readonly string[]): Promise<number[]> {
  const found: number[] = [];
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry) || Number(entry) === process.pid) continue;
    if (argumentsOf(entry).some((argument) => named.includes(argument))) found.push(Number(entry));
    // A scan of a busy host's /proc takes milliseconds; the daemon answers in between.
    if (Number(entry) % 64 === 0) await new Promise(setImmediate);
  }
  return found;
}

function argumentsOf(pid: string): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch (error) {
    if (isShortage(error)) throw error;
    return [];
  }
}

/** Each call leads a group of its own, with the helpers that it has started; what does not lead one is killed alone. */
function killGroup(pid: number): void {
  for (const target of [-pid, pid]) {
    try {
      signalPid(target, SIGKILL);
    } catch (error) {
      if (!(error instanceof SysError && error.code === 'ESRCH')) throw error;
    }
  }
}
