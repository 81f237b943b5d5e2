import { closeSync, mkdirSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import type { Child, ChildReaper } from '../../src/sys/process/children';
import type { Method } from '../legacy-client/wire';
import { accepts } from '../support/socket';
import { LeanConnection } from './lean-connection';
import { LeanEvents } from './lean-events';
import type { BenchOptions } from './options';

/** A daemon of ours that is measured, and the lean client for its latencies. */
export class BenchDaemon {
  #child: Child | undefined;
  #connection: LeanConnection | undefined;

  /** @param directory of its state, socket and log @param runtimeRoot where the runtime keeps its own state */
  constructor(
    private readonly options: BenchOptions,
    private readonly reaper: ChildReaper,
    private readonly directory: string,
    private readonly runtimeRoot: string,
    readonly socketPath = join(directory, 'daemon.sock'),
  ) {}

  /** Undefined where it was not started here. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** @returns milliseconds from the exec to its first accepted connection */
  async start(): Promise<number> {
    const flags = this.#flags();
    const logFd = openSync(join(this.directory, 'daemon.log'), 'a');
    const began = performance.now();
    // In a session of its own, as dockerd starts it.
    this.#child = this.reaper.spawn({ file: this.options.daemon, args: flags, stderr: logFd, stdout: logFd, session: true });
    closeSync(logFd);
    let isOver = false;
    void this.#child.exited.then(() => (isOver = true));
    while (!(await accepts(this.socketPath))) {
      if (isOver) throw new Error(`the daemon does not start: ${this.log()}`);
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    return performance.now() - began;
  }

  /** A request for a latency: by a client that costs next to nothing. */
  ask<Request, Response>(method: Method<Request, Response>, request: Request): Promise<Response> {
    this.#connection ??= new LeanConnection(this.socketPath);
    return this.#connection.unary(method, request);
  }

  /** All that a stream answers with. */
  all<Request, Response>(method: Method<Request, Response>, request: Request): Promise<Response[]> {
    this.#connection ??= new LeanConnection(this.socketPath);
    return this.#connection.all(method, request);
  }

  events(): LeanEvents {
    return LeanEvents.open(this.socketPath);
  }

  async stop(signal = 15): Promise<void> {
    this.#connection?.close();
    this.#connection = undefined;
    this.#child?.kill(signal);
    await this.#child?.exited;
    this.#child = undefined;
  }

  log(): string {
    return readFileSync(join(this.directory, 'daemon.log'), 'utf8');
  }

  get stateDir(): string {
    return join(this.directory, 'state');
  }

  #flags(): string[] {
    mkdirSync(this.stateDir, { recursive: true });
    return [
      '--listen', `unix://${this.socketPath}`,
      '--state-dir', this.stateDir, '--programs', join(this.directory, 'no-programs'),
      '--runtime', this.options.runtime,
      '--runtime-args=--root', `--runtime-args=${this.runtimeRoot}`,
      '--metrics-interval=0',
      ...this.options.daemonFlags,
    ];
  }
}
