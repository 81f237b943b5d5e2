import { status } from '@grpc/grpc-js';
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';

import { ApiClient } from './api-client';
import { patienceMs, within } from './deadline';
import { accepts, untilAccepting } from './socket';

/** The programs that `node build.mjs` leaves. */
export const binDirectory = resolve(__dirname, '../../bin');

/** How a daemon process is started. */
export interface DaemonLaunch {
  /** Default: `bin/holdfastd`. */
  readonly program?: string;
  readonly args: readonly string[];
  /** Beside the test's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Takes its stderr. A file and not a pipe: the shim, which outlives the daemon, may go on writing to it. */
  readonly logPath: string;
}

/** How a daemon process ended. */
export interface DaemonExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** All that it wrote to stderr. */
  readonly log: string;
}

/** A running daemon, a child of the test. */
export class DaemonProcess {
  readonly pid: number;
  /** Resolves when the process is over; never rejects. */
  readonly exited: Promise<DaemonExit>;
  readonly #child: ChildProcess;
  readonly #logPath: string;

  private constructor(child: ChildProcess, pid: number, logPath: string) {
    this.#child = child;
    this.pid = pid;
    this.#logPath = logPath;
    this.exited = new Promise((done) => {
      child.once('exit', (code, signal) => {
        done({ code, signal, log: this.log() });
      });
    });
  }

  /** Starts it and returns at once. Rejects where the program cannot be run. */
  static async spawn(launch: DaemonLaunch): Promise<DaemonProcess> {
    const program = launch.program ?? resolve(binDirectory, 'holdfastd');
    const logFd = openSync(launch.logPath, 'a', 0o600);
    try {
      const child = spawn(program, launch.args, {
        stdio: ['ignore', logFd, logFd],
        // In a session of its own, as dockerd starts it.
        detached: true,
        cwd: launch.cwd,
        env: { ...process.env, ...launch.env },
      });
      await new Promise<void>((started, failed) => {
        child.once('spawn', started);
        child.once('error', failed);
      });
      if (child.pid === undefined) throw new Error(`${program} has no pid`);
      return new DaemonProcess(child, child.pid, launch.logPath);
    } finally {
      closeSync(logFd);
    }
  }

  get hasEnded(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** What it wrote so far. */
  log(): string {
    return readFileSync(this.#logPath, 'utf8');
  }

  /** Resolves when it accepts connections on the socket and its health service says SERVING. */
  async untilServing(socketPath: string): Promise<void> {
    const died = this.exited.then((exit) => {
      throw new Error(`the daemon ended (${describeExit(exit)}) before it served; its log:\n${exit.log}`);
    });
    // Nobody waits for it any more once the socket accepts.
    died.catch(() => undefined);
    await untilAccepting(socketPath, died, () => serves(socketPath));
  }

  /** Sends a signal to this very process, and nobody else: it is our child, so its pid cannot be reused yet. */
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Signals it and waits for its end. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<DaemonExit> {
    this.kill(signal);
    return within(this.exited, `the end of the daemon after ${signal}`, patienceMs, () => `its log:\n${this.log()}`);
  }
}

/**
 * Whether the health service answers. A connection alone proves little: a program that a killed daemon was just
 * about to start has its listening socket until its exec closes it (vfork(2)), and accepts for that moment.
 */
async function serves(socketPath: string): Promise<boolean> {
  if (!(await accepts(socketPath))) return false;
  const client = new ApiClient(socketPath);
  try {
    return await client.isServing();
  } catch (error) {
    if (failureCode(error) === status.UNAVAILABLE) return false;
    throw error;
  } finally {
    client.close();
  }
}

function failureCode(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}

/** `exit status 1`, `SIGKILL`. */
export function describeExit(exit: Pick<DaemonExit, 'code' | 'signal'>): string {
  return exit.signal ?? `exit status ${String(exit.code)}`;
}
