import { closeSync, writeSync } from 'node:fs';
import { createPipe } from '../files/transfer';
import type { ChildReaper } from './children';
import { SIGKILL, signalPid, unlessGone } from './process';
import type { WaitStatus } from './wait-status';

/** What a pipe holds in any case: pipe(7). */
export const mostInputBytes = 65_536;

export interface InputRun {
  readonly command: readonly string[];
  /** At most `mostInputBytes`. */
  readonly input: Buffer;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Then it is killed, with its process group. */
  readonly timeoutMs: number;
}

/** Runs a program that reads its input from stdin, in a session of its own; what it writes goes nowhere. @throws SysError as ChildReaper.launch does */
export async function runWithInput(reaper: ChildReaper, { command: [file = '', ...args], input, env, timeoutMs }: InputRun): Promise<WaitStatus> {
  const { readFd, writeFd } = createPipe();
  let timer: NodeJS.Timeout | undefined;
  try {
    // All of it is in the pipe before anybody reads, so its reader never finds it empty and open.
    writeSync(writeFd, input.subarray(0, mostInputBytes));
    closeSync(writeFd);
    const child = await reaper.launch({ file, args, stdin: readFd, env, cwd: '/', session: true });
    timer = setTimeout(() => { unlessGone(() => { signalPid(-child.pid, SIGKILL); }); }, timeoutMs);
    return await child.exited;
  } finally {
    clearTimeout(timer);
    closeSync(readFd);
  }
}
