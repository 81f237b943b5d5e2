import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';

/** A line of `strace -f`: who, which call, and the rest as it is printed. */
export interface SystemCall {
  readonly pid: number;
  readonly name: string;
  readonly text: string;
}

/** strace(1) on running processes, all their threads and, unless it counts only, their children. */
export class Strace {
  private constructor(
    private readonly child: ChildProcess,
    private readonly output: string,
  ) {}

  /**
   * Resolves once it watches.
   *
   * @param output where it writes
   * @param calls names or classes, as `-e trace=` takes them
   */
  static async attach(pids: readonly number[], output: string, calls = 'all'): Promise<Strace> {
    const args = ['-f', '-s', '256', '-e', `trace=${calls}`, '-e', 'signal=none', '-o', output];
    const child = spawn('strace', [...args, ...pids.flatMap((pid) => ['-p', String(pid)])], { stdio: ['ignore', 'ignore', 'pipe'] });
    let said = '';
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error('strace ended at once')));
      child.stderr.on('data', (chunk: Buffer) => {
        // `strace: Process 12 attached with 11 threads`, or without threads.
        said += chunk.toString();
        if ((said.match(/attached/g)?.length ?? 0) >= pids.length) resolve();
      });
    });
    return new Strace(child, output);
  }

  /** Lets go of the processes, and gives what they called, in order; halves of one call are one. */
  async detach(): Promise<SystemCall[]> {
    const exit = once(this.child, 'exit');
    this.child.kill('SIGINT');
    await exit;
    return wholeCalls(readFileSync(this.output, 'utf8').split('\n'));
  }
}

/** A call during which another process did something is printed in two halves; it counts where it began. */
function wholeCalls(lines: readonly string[]): SystemCall[] {
  const calls: { readonly pid: number; readonly name: string; text: string }[] = [];
  const unfinished = new Map<number, (typeof calls)[number]>();
  for (const line of lines) {
    const [, pid, name, text, isHalf] = /^(\d+) +(\w+)\((.*?)( <unfinished \.\.\.>)?$/.exec(line) ?? [];
    const [, resumedPid, rest] = /^(\d+) +<\.\.\. \w+ resumed>(.*)$/.exec(line) ?? [];
    if (pid !== undefined && name !== undefined) {
      const call = { pid: Number(pid), name, text: text ?? '' };
      calls.push(call);
      if (isHalf !== undefined) unfinished.set(call.pid, call);
    } else if (resumedPid !== undefined) {
      const begun = unfinished.get(Number(resumedPid));
      if (begun !== undefined) begun.text += rest ?? '';
      unfinished.delete(Number(resumedPid));
    }
  }
  return calls;
}
