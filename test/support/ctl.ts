import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { resolve } from 'node:path';

import { type CtlEnd, runHere } from './ctl-here';
import { patienceMs, within } from './deadline';
import type { TestHost } from './test-host';

export type { CtlEnd };

const bin = resolve(__dirname, '../../bin');

/** The real bin/holdfastctl, told of a host's daemon. Its FIFOs are made in a directory of the host's. */
export class Ctl {
  /** Where holdfastctl makes the directories of its FIFOs. */
  readonly temporary: string;
  readonly #running: RunningCtl[] = [];

  readonly #program: string;

  /** @param name of the program in bin/ */
  constructor(private readonly host: TestHost, name = 'holdfastctl') {
    this.#program = resolve(bin, name);
    this.temporary = host.own('ctl');
    mkdirSync(this.temporary, { recursive: true });
  }

  /** Directories of FIFOs that are there now. */
  get fifoDirectories(): string[] {
    return readdirSync(this.temporary);
  }

  /** Runs it to its end, its stdin empty. */
  run(...args: readonly string[]): Promise<CtlEnd> {
    const running = this.start(...args);
    running.endInput();
    return running.ended;
  }

  /** What it does once it has been started, in this process: see {@link runHere}. */
  runHere(...args: readonly string[]): Promise<CtlEnd> {
    return runHere(args, this.environment);
  }

  /** Runs it to its end and expects it to succeed without a word on stderr; answers what it printed. */
  async prints(...args: readonly string[]): Promise<string> {
    return printedBy(await this.run(...args));
  }

  /** The same, of {@link runHere}: for a step on the way, or a look at what has become of one. */
  async says(...args: readonly string[]): Promise<string> {
    return printedBy(await this.runHere(...args));
  }

  /** Starts it with pipes for its stdio. */
  start(...args: readonly string[]): RunningCtl {
    return this.launch(this.#program, args);
  }

  /** Runs it to its end as another user of this machine. @param uid its number, and its group's */
  runAs(uid: number, ...args: readonly string[]): Promise<CtlEnd> {
    const running = this.launch('setpriv', [`--reuid=${String(uid)}`, `--regid=${String(uid)}`, '--clear-groups', this.#program, ...args]);
    running.endInput();
    return running.ended;
  }

  /** Starts it on a terminal of its own, made by script(1); what is sent is typed there. */
  startOnTerminal(...args: readonly string[]): RunningCtl {
    return this.shellOnTerminal(`exec ${this.commandLine(...args)}`);
  }

  /** Starts a shell's command line on such a terminal. @param columns 0: one that does not know its size */
  shellOnTerminal(line: string, columns = 90): RunningCtl {
    return this.launch('script', ['--quiet', '--return', '--command', `stty rows ${columns === 0 ? '0' : '30'} cols ${String(columns)}; ${line}`, '/dev/null']);
  }

  /** It and its arguments, for a shell. */
  commandLine(...args: readonly string[]): string {
    return [this.#program, ...args].map((part) => `'${part}'`).join(' ');
  }

  /** Forgets all programs, and takes the host away. @throws LeftoverError */
  async cleanUp(): Promise<void> {
    this.close();
    await this.run('rm', '--force', 'all');
    await this.host.cleanUp();
  }

  /** Ends what a test has left running. */
  close(): void {
    for (const running of this.#running) running.kill('SIGKILL');
  }

  private get environment(): Record<string, string | undefined> {
    const { NO_COLOR: _unset, ...inherited } = process.env;
    return { ...inherited, HOLDFAST_ADDRESS: this.host.socketPath, TMPDIR: this.temporary, TERM: 'xterm', TZ: 'UTC' };
  }

  private launch(file: string, args: readonly string[]): RunningCtl {
    const running = new RunningCtl(spawn(file, args, { env: this.environment, cwd: this.host.own('.') }));
    this.#running.push(running);
    return running;
  }
}

function printedBy({ stdout, ...rest }: CtlEnd): string {
  expect(rest).toEqual({ status: 0, stderr: '' });
  return stdout;
}

/** A holdfastctl under way. */
export class RunningCtl {
  readonly #closed: Promise<CtlEnd>;
  readonly #child: ChildProcess;
  readonly #wakers = new Set<() => void>();
  #stdout = '';
  #stderr = '';

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on('data', (chunk: Buffer) => {
      this.#stdout += chunk.toString();
      for (const wake of this.#wakers) wake();
    });
    child.stderr?.on('data', (chunk: Buffer) => {
      this.#stderr += chunk.toString();
      for (const wake of this.#wakers) wake();
    });
    this.#closed = new Promise<CtlEnd>((settle, reject) => {
      child.once('error', reject);
      child.once('close', (code, signal) => {
        settle({ status: code ?? (signal === 'SIGKILL' ? 137 : 128), stdout: this.#stdout, stderr: this.#stderr });
      });
    });
    // A test that fails before it has come to this must be told of its own failure.
    this.#closed.catch(() => undefined);
  }

  /** Resolves at its end; the time that it may take begins where a test asks for it. */
  get ended(): Promise<CtlEnd> {
    const what = `the end of ${this.#child.spawnargs.join(' ')}`;
    return within(this.#closed, what, patienceMs, () => `printed: ${this.#stdout}${this.#stderr}`);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  send(text: string | Buffer): void {
    this.#child.stdin?.write(text);
  }

  endInput(): void {
    this.#child.stdin?.end();
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** No more is read: what `| head` does once it has its lines. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
  }

  /** Resolves when stdout has held `expected` so many times, with all that it has held. */
  printed(expected: string, times = 1): Promise<string> {
    return this.#until(() => this.#stdout, expected, times);
  }

  /** The same of stderr. */
  complained(expected: string, times = 1): Promise<string> {
    return this.#until(() => this.#stderr, expected, times);
  }

  async #until(text: () => string, expected: string, times: number): Promise<string> {
    const there = new Promise<string>((settle) => {
      const look = (): void => {
        if (text().split(expected).length <= times) return;
        this.#wakers.delete(look);
        settle(text());
      };
      this.#wakers.add(look);
      look();
    });
    return within(there, JSON.stringify(expected), patienceMs, () => `printed: ${JSON.stringify(this.#stdout)} ${this.#stderr}`);
  }
}
