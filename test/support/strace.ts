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
    let attached = 0;
    await new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', () => reject(new Error('strace ended at once')));
      child.stderr.on('data', (chunk: Buffer) => {
        // `strace: Process 12 attached with 11 threads`, or without threads.
        attached += chunk.toString().match(/attached/g)?.length ?? 0;
        if (attached >= pids.length) resolve();
      });
    });
    return new Strace(child, output);
  }

  /** Lets go of the processes, and gives what they called, in order; halves of one call are one. */
  async detach(): Promise<SystemCall[]> {
    const exit = once(this.child, 'exit');
    this.child.kill('SIGINT');
    await exit;
    const lines = readFileSync(this.output, 'utf8').split('\n');
    return lines.flatMap((line) => {
      const [, pid, name, text] = /^(\d+) +(\w+)\((.*)$/.exec(line) ?? [];
      return pid === undefined || name === undefined ? [] : [{ pid: Number(pid), name, text: text ?? '' }];
    });
  }
}
