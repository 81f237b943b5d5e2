import { spawn } from 'node:child_process';
import type { ChildProcessWithoutNullStreams } from 'node:child_process';

import { within } from '../../support/deadline';

/** How a client's program ended, and all that it wrote. */
export interface Outcome {
  readonly stdout: string;
  readonly stderr: string;
  /** 128 + the signal's number has no place here: null where a signal ended it. */
  readonly code: number | null;
}

/** How a program is run beside its arguments. */
export interface RunOptions {
  /** All of its standard input; none by default. */
  readonly stdin?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** After which it is killed, and the run rejects. */
  readonly deadlineMs?: number;
}

/** A client that takes longer than this has hung. */
const hungMs = 40_000;

/** A program of somebody else's that runs beside the test: followed by what it prints, and spoken to. */
export class Program {
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #title: string;
  #stdout = '';
  #stderr = '';
  readonly #listeners = new Set<() => void>();
  /** Resolves when it has ended and its output is read; never rejects. */
  readonly ended: Promise<Outcome>;

  constructor(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    this.#title = [program, ...args].join(' ');
    this.#child = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'pipe' });
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout += text;
      this.#tell();
    });
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      this.#tell();
    });
    // It may end before it has read all.
    this.#child.stdin.on('error', () => undefined);
    this.ended = new Promise((done) => {
      this.#child.once('error', (error) => {
        done({ stdout: this.#stdout, stderr: String(error), code: null });
      });
      this.#child.once('close', (code) => {
        done({ stdout: this.#stdout, stderr: this.#stderr, code });
        this.#tell();
      });
    });
  }

  get stdout(): string {
    return this.#stdout;
  }

  /** Both outputs so far, for messages. */
  get said(): string {
    return `${this.#title}\n${this.#stdout}${this.#stderr}`;
  }

  write(text: string): void {
    this.#child.stdin.write(text);
  }

  endInput(): void {
    this.#child.stdin.end();
  }

  /** Signals this very process: it is our child, so its pid names nobody else. */
  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child.kill(signal);
  }

  /** Resolves when its standard output so far is as wanted. */
  async until(isSo: (stdout: string) => boolean, what: string, deadlineMs?: number): Promise<void> {
    let look: () => void = () => undefined;
    const so = new Promise<void>((resolve) => {
      look = (): void => {
        if (isSo(this.#stdout)) resolve();
      };
    });
    this.#listeners.add(look);
    look();
    try {
      await within(so, what, deadlineMs, () => `it said: ${this.said}`);
    } finally {
      this.#listeners.delete(look);
    }
  }

  /** Its outcome, once it has ended by itself; killed when that does not come. */
  async outcome(deadlineMs = hungMs): Promise<Outcome> {
    try {
      return await within(this.ended, `the end of ${this.#title}`, deadlineMs, () => `it said: ${this.said}`);
    } catch (error) {
      this.kill();
      throw error;
    }
  }

  #tell(): void {
    for (const look of this.#listeners) look();
  }
}

/** Runs a program to its end. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const running = new Program(program, args, options.env);
  if (options.stdin !== undefined) running.write(options.stdin);
  running.endInput();
  return running.outcome(options.deadlineMs);
}

/** Runs a program that must succeed, and gives what it printed. */
export async function mustRun(program: string, args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { stdout, stderr, code } = await run(program, args, options);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: exit status ${String(code)}\n${stdout}${stderr}`);
  return stdout;
}

/**
 * The same program behind a terminal of its own, 40 lines of 100 columns: script(1) makes it, and passes on what is
 * written to it.
 */
export function inTerminal(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
  const quoted = [program, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  return new Program('script', ['--quiet', '--flush', '--return', '--command', `stty rows 40 cols 100; exec ${quoted}`, '/dev/null'], env);
}
