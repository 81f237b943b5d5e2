import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { version } from '../../package.json';
import { ChildReaper } from '../../src/sys/process/children';
import { Poller } from '../../src/sys/poller';
import { becomeSubreaper } from '../../src/sys/process/process';
import type { Method } from '../legacy-client/wire';
import { ApiClient } from '../support/api-client';
import { type BundleOptions, writeBundle } from '../support/bundle';
import { BareRuntime } from './bare-runtime';
import { BenchDaemon } from './bench-daemon';
import type { LeanEvents } from './lean-events';
import type { BenchOptions } from './options';
import { peerOf } from './peer';
import { placeForState } from './place';

/**
 * Where a benchmark runs: directories of its own, the daemon under test, a client, and the bare runtime.
 * Children are started by the reaper alone, as the product does.
 */
export class BenchHost {
  readonly directory = mkdtempSync(join(placeForState(), 'holdfast-bench-'));
  readonly poller = new Poller((error) => {
    throw error;
  });
  readonly reaper = new ChildReaper(this.poller);
  readonly bare: BareRuntime;
  readonly socketPath: string;
  #client: ApiClient | undefined;
  readonly #daemon: BenchDaemon;
  #names = 0;

  constructor(readonly options: BenchOptions) {
    this.poller.ref();
    // Bare containers are this program's children, as the daemon's are the shim's.
    becomeSubreaper();
    this.socketPath = options.socket ?? join(this.directory, 'daemon.sock');
    this.#daemon = new BenchDaemon(options, this.reaper, this.directory, this.#runtimeRoot, this.socketPath);
    this.bare = new BareRuntime(this.reaper, options.runtime, join(this.directory, 'bare'));
  }

  /** Another daemon of the same program and flags, with a state directory of its own. @param flags beside those */
  freshDaemon(name: string, flags: readonly string[] = []): BenchDaemon {
    const directory = join(this.directory, name);
    mkdirSync(directory);
    return new BenchDaemon({ ...this.options, daemonFlags: [...flags, ...this.options.daemonFlags] }, this.reaper, directory, this.#runtimeRoot);
  }

  get client(): ApiClient {
    return (this.#client ??= new ApiClient(this.socketPath));
  }

  /** A request for a latency: by a client that costs next to nothing. */
  ask<Request, Response>(method: Method<Request, Response>, request: Request): Promise<Response> {
    return this.#daemon.ask(method, request);
  }

  /** Whether the daemon is ours to start and stop. */
  get ownsDaemon(): boolean {
    return this.options.socket === undefined;
  }

  /** The daemon's pid, by its socket's peer where it is not ours. */
  async daemonPid(): Promise<number> {
    return this.#daemon.pid ?? (await peerOf(this.socketPath));
  }

  /** Starts the daemon, if it is ours to start. @returns milliseconds from the exec to its first accepted connection */
  async startDaemon(): Promise<number> {
    if (!this.ownsDaemon) return Number.NaN;
    return this.#daemon.start();
  }

  async stopDaemon(signal = 15): Promise<void> {
    this.#client?.close();
    this.#client = undefined;
    await this.#daemon.stop(signal);
  }

  get #runtimeRoot(): string {
    return join(this.directory, 'runtime');
  }

  /** What is measured, in a few words. */
  async daemonVersion(): Promise<string> {
    const { major, minor, patch } = await this.client.version();
    return this.ownsDaemon ? `holdfastd ${version}` : `${this.socketPath} (API ${[major, minor, patch].join('.')})`;
  }

  /** A name that no container had before. */
  name(prefix = 'c'): string {
    this.#names += 1;
    return `bench-${String(process.pid)}-${prefix}${String(this.#names)}`;
  }

  bundle(id: string, options: BundleOptions = { args: ['sleep', '100000'] }): string {
    return writeBundle(join(this.directory, 'bundles', id), options);
  }

  removeBundle(id: string): void {
    rmSync(join(this.directory, 'bundles', id), { recursive: true, force: true });
  }

  events(): LeanEvents {
    return this.#daemon.events();
  }

  /** Starts `count` containers that sleep, ten at a time. @returns their names */
  async startMany(count: number): Promise<string[]> {
    const ids = Array.from({ length: count }, () => this.name());
    const rest = [...ids];
    const worker = async (): Promise<void> => {
      for (let id = rest.pop(); id !== undefined; id = rest.pop()) {
        await this.client.create({ id, bundlePath: this.bundle(id) }, { deadlineMs: 120_000 });
      }
    };
    await Promise.all(Array.from({ length: 10 }, worker));
    return ids;
  }

  /** Ends containers and waits for their exit events, ten at a time. */
  async endMany(ids: readonly string[]): Promise<void> {
    const events = this.events();
    const rest = [...ids];
    const worker = async (): Promise<void> => {
      for (let id = rest.pop(); id !== undefined; id = rest.pop()) {
        await this.client.signal(id, 9);
        await events.untilExit(id);
      }
    };
    await Promise.all(Array.from({ length: 10 }, worker));
    events.close();
    for (const id of ids) this.removeBundle(id);
  }

  async close(): Promise<void> {
    const { containers } = await this.client.state();
    await this.endMany(containers.map(({ id }) => id).filter((id) => id.startsWith(`bench-${String(process.pid)}-`)));
    await this.stopDaemon();
    await this.bare.removeAll();
    this.reaper.close();
    this.poller.close();
    rmSync(this.directory, { recursive: true, force: true });
  }
}
