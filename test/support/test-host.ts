import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import type { CreateContainerRequest, CreateContainerResponse, EventsRequest, Process } from '../../src/api/gen/legacy/api';
import type { Timestamp } from '../../src/api/gen/google/protobuf/timestamp';
import { ApiClient } from './api-client';
import type { CallLimits } from './api-client';
import { writeBundle } from './bundle';
import type { BundleOptions } from './bundle';
import { frozenCgroupOf } from '../../src/runtime/cgroups/frozen-cgroup';
import { cgroupDirectories, removeCgroups } from './cgroups';
import { ClientStdio } from './client-stdio';
import { DaemonProcess, describeExit } from './daemon-process';
import type { DaemonExit } from './daemon-process';
import { patienceMs, within } from './deadline';
import { EventLogReader } from './event-log-reader';
import { findLeftovers, leftOfContainers, LeftoverError, processes, removeLeftovers } from './leftovers';
import type { Territory } from './leftovers';
import { waitForExit } from './processes';

/** What a daemon is started with beside the host's own paths. */
export interface DaemonOptions {
  readonly flags?: readonly string[];
  /** In the place of all the host's own. */
  readonly onlyFlags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Instead of bin/holdfastd. */
  readonly program?: string;
  /** The working directory; the test's own where left out. */
  readonly cwd?: string;
}

/**
 * One test's own corner of this machine: a temporary directory with state directory, socket and runtime
 * root, a cgroup, and the real daemon. A test makes one, and ends it with {@link cleanUp}.
 */
export class TestHost implements Territory {
  readonly directory: string;
  readonly stateDir: string;
  readonly socketPath: string;
  readonly runtimeRoot: string;
  /** For a LegacyClient: what dockerd calls `<exec-root>/libcontainerd`. */
  readonly clientRoot: string;
  readonly cgroup: string;
  readonly ownDirectories: readonly string[];
  #daemon: DaemonProcess | undefined;
  #options: DaemonOptions = {};
  #client: ApiClient | undefined;
  #launches = 0;
  #began = now();
  readonly #closers = new Set<() => void>();

  /** @param layout where state directory and socket are: side by side, or as dockerd wants them */
  constructor(layout: 'plain' | 'dockerd' = 'plain') {
    this.directory = mkdtempSync(join(tmpdir(), 'holdfast-'));
    this.clientRoot = join(this.directory, 'libcontainerd');
    this.stateDir = layout === 'plain' ? join(this.directory, 'state') : join(this.clientRoot, 'containerd');
    this.socketPath = layout === 'plain' ? join(this.directory, 'daemon.sock') : join(this.clientRoot, 'docker-containerd.sock');
    this.runtimeRoot = join(this.directory, 'runc');
    this.cgroup = `/holdfast-test-${randomBytes(4).toString('hex')}`;
    this.ownDirectories = ['bundles', 'stdio', 'own'].map((name) => join(this.directory, name));
    for (const directory of this.ownDirectories) mkdirSync(directory);
  }

  /** A host with a daemon that serves. @param options may be of the host, before its daemon is started */
  static async withDaemon(options?: DaemonOptions | ((host: TestHost) => DaemonOptions)): Promise<TestHost> {
    const host = new TestHost();
    try {
      await host.startDaemon(typeof options === 'function' ? options(host) : options);
      return host;
    } catch (error) {
      await host.cleanUp().catch(() => undefined);
      throw error;
    }
  }

  /** Whether one was started at all, which may have ended since, or at once. */
  get hadDaemon(): boolean {
    return this.#daemon !== undefined;
  }

  /** The daemon that was started last. */
  get daemon(): DaemonProcess {
    if (this.#daemon === undefined) throw new Error('no daemon was started');
    return this.#daemon;
  }

  /** What it was started with. */
  get daemonOptions(): DaemonOptions {
    return this.#options;
  }

  /** A client of the daemon that was started last. */
  get client(): ApiClient {
    if (this.#client === undefined) throw new Error('no daemon was started');
    return this.#client;
  }

  /** When the test that has this host began: of the events since then none is another test's. */
  get began(): Timestamp {
    return this.#began;
  }

  /** A test has it from now on. */
  begin(): void {
    this.#began = now();
  }

  /** What the test started is to be closed at the end of the daemon, or before. */
  closeAtEnd(close: () => void): void {
    this.#closers.add(close);
  }

  /** A path for the test's own files, which {@link cleanUp} does not complain of. */
  own(name: string): string {
    return join(this.directory, 'own', name);
  }

  /** The flags that lead a daemon to this host's paths. */
  flags(): string[] {
    return [
      '--listen',
      `unix://${this.socketPath}`,
      '--state-dir',
      this.stateDir,
      '--root',
      join(this.directory, 'root'),
      // Not those of this machine: they would be started a second time.
      '--programs',
      join(this.directory, 'no-programs'),
      '--runtime',
      'runc',
      '--runtime-args=--root',
      `--runtime-args=${this.runtimeRoot}`,
      '--metrics-interval=0',
    ];
  }

  /** Starts the daemon and waits until it serves. */
  async startDaemon(options: DaemonOptions = {}): Promise<DaemonProcess> {
    const daemon = await this.#launch(options);
    this.#daemon = daemon;
    this.#options = options;
    await daemon.untilServing(this.socketPath);
    this.#client?.close();
    this.#client = new ApiClient(this.socketPath);
    return daemon;
  }

  /** Starts a daemon that should end by itself (an error, `--version`), and waits for that. */
  async runDaemonToItsEnd(options: DaemonOptions = {}): Promise<DaemonExit> {
    const daemon = await this.#launch(options);
    try {
      return await within(daemon.exited, 'the daemon to end by itself', patienceMs, () => `its log:\n${daemon.log()}`);
    } finally {
      daemon.kill('SIGKILL');
      await daemon.exited;
    }
  }

  /** Ends the daemon with the signal and waits; containers live on. */
  async stopDaemon(signal: NodeJS.Signals = 'SIGTERM'): Promise<DaemonExit> {
    this.#closeClients();
    return this.daemon.stop(signal);
  }

  /** Ends the daemon with the signal and starts it anew. Streams and clients from before are dead. */
  async restartDaemon(signal: NodeJS.Signals = 'SIGTERM', options: DaemonOptions = {}): Promise<DaemonProcess> {
    await this.stopDaemon(signal);
    return this.startDaemon(options);
  }

  /** A second client, with a connection of its own; closed at the end of the test or before. */
  newClient(): ApiClient {
    const client = new ApiClient(this.socketPath);
    this.#closers.add(() => {
      client.close();
    });
    return client;
  }

  /** A subscription to the daemon's events. */
  async events(request?: Partial<EventsRequest>): Promise<EventLogReader> {
    const reader = await EventLogReader.open(this.client, request);
    this.#closers.add(() => {
      reader.close();
    });
    return reader;
  }

  /** Writes a bundle for that id, its cgroup below the host's. */
  bundle(id: string, options: BundleOptions): string {
    return writeBundle(join(this.directory, 'bundles', id), { cgroupsPath: `${this.cgroup}/${id}`, ...options });
  }

  /** FIFOs for a process, and their ends, opened. */
  stdio(name: string, terminal = false): ClientStdio {
    const stdio = new ClientStdio(join(this.directory, 'stdio', name), terminal).open();
    this.#closers.add(() => {
      stdio.close();
    });
    return stdio;
  }

  /** Writes a bundle and has the daemon start it; stdio goes to the null device unless the request says else. */
  create(
    id: string,
    options: BundleOptions,
    request: Partial<CreateContainerRequest> = {},
    limits?: CallLimits,
  ): Promise<CreateContainerResponse> {
    return this.client.create({ id, bundlePath: this.bundle(id, options), ...request }, limits);
  }

  /** The process `init` of a container that is known to the daemon. */
  async initOf(id: string): Promise<Process> {
    const { containers } = await this.client.state(id);
    const init = containers[0]?.processes.find((one) => one.pid === 'init');
    if (init === undefined) throw new Error(`${id} has no process init: ${JSON.stringify(containers)}`);
    return init;
  }

  /** Kills containers and waits for their exits; all that the daemon knows, by default. */
  async end(ids?: readonly string[]): Promise<void> {
    const events = await this.events();
    const known = ids ?? (await this.client.state()).containers.map((container) => container.id);
    await Promise.all(
      known.map(async (id) => {
        await this.client.signal(id, 9);
        await events.untilExit(id);
      }),
    );
    events.close();
  }

  /** Runs the runtime itself on this host's containers. Resolves with its stdout; rejects where it fails. */
  async runtime(...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)('runc', ['--root', this.runtimeRoot, ...args]);
    return stdout;
  }

  /** Names of the directories in the state directory: one for each container, and nothing else. */
  containerDirectories(): string[] {
    if (!existsSync(this.stateDir)) return [];
    return readdirSync(this.stateDir, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  }

  /**
   * Between two tests with the same daemon: closes what the one has opened, and empties the test's directories for the other.
   *
   * @returns whether there is nothing left of the containers of the one; otherwise {@link cleanUp} says what there is
   */
  betweenTests(): boolean {
    this.#closeWhatTestsOpened();
    this.#closers.clear();
    // A cgroup with a process in it is there itself.
    if (leftOfContainers(this).length > 0) return false;
    for (const directory of this.ownDirectories) {
      for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true });
    }
    return true;
  }

  /**
   * Ends the daemon (SIGTERM, and it must exit with 0), waits for the shim, which ends by itself when it
   * has no process left, and looks for anything that is still there: containers, directories, processes,
   * mounts, cgroups, FIFOs, sockets. Such things are removed, and then it rejects with a
   * {@link LeftoverError} that names them.
   *
   * @param graceMs how long processes may take to end by themselves after the daemon
   */
  async cleanUp(graceMs = patienceMs): Promise<void> {
    const complaints = await this.#endDaemon();
    await this.#untilProcessesEnd(graceMs);
    const leftovers = [...complaints, ...findLeftovers(this)];
    if (leftovers.length > 0) await removeLeftovers(this);
    // A daemon that was killed has left the second one for the next of its state directory.
    const own = [this.cgroup, frozenCgroupOf(this.stateDir)].flatMap((path) => cgroupDirectories(path).own);
    const kept = removeCgroups(own).map((path) => `cgroup ${path}`);
    const stubborn = [...findLeftovers(this).filter((leftover) => /^(process|mount|cgroup)/.test(leftover)), ...kept];
    if (stubborn.length === 0) rmSync(this.directory, { recursive: true, force: true });
    const named = [...leftovers, ...stubborn.map((left) => `${left} (not removable)`)];
    if (named.length > 0) throw new LeftoverError(named);
  }

  #launch(options: DaemonOptions): Promise<DaemonProcess> {
    this.#launches += 1;
    return DaemonProcess.spawn({
      args: options.onlyFlags ?? [...this.flags(), ...(options.flags ?? [])],
      ...(options.env === undefined ? {} : { env: options.env }),
      ...(options.program === undefined ? {} : { program: options.program }),
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      logPath: join(this.directory, `daemon-${String(this.#launches)}.log`),
    });
  }

  /** More than once: what is closed for a restart may be opened again. */
  #closeClients(): void {
    this.#closeWhatTestsOpened();
    this.#client?.close();
  }

  #closeWhatTestsOpened(): void {
    for (const close of this.#closers) close();
  }

  async #endDaemon(): Promise<string[]> {
    this.#closeClients();
    if (this.#daemon === undefined) return [];
    try {
      const exit = await this.#daemon.stop('SIGTERM');
      if (exit.signal === 'SIGKILL') {
        // The test killed it, and so it could not remove its socket.
        rmSync(this.socketPath, { force: true });
        return [];
      }
      return exit.code === 0 ? [] : [`the daemon ended with ${describeExit(exit)}:\n${exit.log}`];
    } catch (error) {
      await this.#daemon.stop('SIGKILL');
      return [String(error)];
    }
  }

  async #untilProcessesEnd(graceMs: number): Promise<void> {
    // A shim with containers has no reason to end.
    if (existsSync(this.runtimeRoot) && readdirSync(this.runtimeRoot).length > 0) return;
    const waits = processes(this).map((seen) => waitForExit(seen.pid, graceMs));
    // One that stays is found as a leftover, with its command line.
    await Promise.allSettled(waits);
  }
}

function now(): Timestamp {
  const ms = Date.now();
  return { seconds: BigInt(Math.floor(ms / 1000)), nanos: (ms % 1000) * 1_000_000 };
}
