import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { within } from '../support/deadline';

/** How dockerd starts its backend. */
export interface BackendOptions {
  /** dockerd finds `docker-containerd` on PATH; a path says which one to take. */
  readonly program?: string;
  /** `<exec-root>/libcontainerd` */
  readonly root: string;
  readonly debug?: boolean;
  /** Docker 1.11 gives the socket as a path alone. */
  readonly isOfTheFirstDays?: boolean;
  /** One `--runtime-args X` each. */
  readonly runtimeArgs?: readonly string[];
  /** Beside the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

/** The daemon as a child of dockerd: its flags, its session, its pid file, its end. */
export class Backend {
  readonly socketPath: string;
  readonly stateDir: string;
  readonly logPath: string;
  /** How often it was started. */
  starts = 0;
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();

  constructor(private readonly options: BackendOptions) {
    this.socketPath = join(options.root, 'docker-containerd.sock');
    this.stateDir = join(options.root, 'containerd');
    this.logPath = join(options.root, 'docker-containerd.log');
  }

  /** The pid, or the one in the pid file when that names a living process. */
  get pid(): number | undefined {
    return this.#child?.pid ?? this.#livingPid();
  }

  /** Starts it, unless the process of the pid file lives. Whether it serves is for the health checks to find out. */
  start(): void {
    mkdirSync(this.options.root, { recursive: true, mode: 0o700 });
    if (this.pid !== undefined) return;
    const logFd = openSync(this.logPath, 'a');
    const child = spawn(this.options.program ?? 'docker-containerd', this.flags(), {
      detached: true,
      stdio: ['ignore', logFd, logFd],
      env: { ...process.env, ...this.options.env },
    });
    closeSync(logFd);
    this.starts += 1;
    this.#child = child;
    this.#ended = new Promise((resolve) => {
      const over = (): void => {
        this.#child = undefined;
        resolve();
      };
      child.once('exit', over);
      child.once('error', over);
    });
    if (child.pid !== undefined) writeFileSync(this.#pidPath(), String(child.pid));
  }

  flags(): string[] {
    return [
      '-l',
      this.options.isOfTheFirstDays === true ? this.socketPath : `unix://${this.socketPath}`,
      '--metrics-interval=0',
      '--start-timeout',
      '2m',
      '--state-dir',
      this.stateDir,
      '--programs',
      join(this.stateDir, 'no-programs'),
      '--shim',
      'docker-containerd-shim',
      '--runtime',
      'docker-runc',
      ...(this.options.debug === true ? ['--debug'] : []),
      ...(this.options.runtimeArgs ?? []).flatMap((arg) => ['--runtime-args', arg]),
    ];
  }

  /** What dockerd does after three failed checks. */
  async killAndStart(): Promise<void> {
    await this.stop('SIGKILL');
    this.start();
  }

  /**
   * Signals a daemon that this object started, and waits for its end, 15 s as dockerd does.
   *
   * @returns its exit status; null where the signal ended it, or where it was not running
   */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    const running = this.#child;
    running?.kill(signal);
    await within(this.#ended, `the end of the backend after ${signal}`, 15_000);
    return running?.exitCode ?? null;
  }

  #livingPid(): number | undefined {
    try {
      const pid = Number(readFileSync(this.#pidPath(), 'utf8'));
      process.kill(pid, 0);
      return pid;
    } catch {
      return undefined;
    }
  }

  #pidPath(): string {
    return join(this.options.root, 'docker-containerd.pid');
  }
}
