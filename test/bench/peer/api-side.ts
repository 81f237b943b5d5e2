import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { VersionService } from '../../../src/api/gen/containerd/services/version/v1/version';
import type { Child, ChildReaper } from '../../../src/sys/process/children';
import type { Method } from '../../legacy-client/wire';
import { debianConfig } from '../../real/support/debian-config';
import { allProcesses, processOf } from '../../support/processes';
import { accepts } from '../../support/socket';
import { LeanConnection } from '../lean-connection';
import { supervisors } from '../proc';

/** Whose daemon it is. */
export type SideName = 'holdfast' | 'containerd';

/** Of all that is measured. */
export const namespace = 'bench';

const containerd = '/usr/bin/containerd';
const containerdShim = '/usr/bin/containerd-shim-runc-v2';

/** One of the two daemons, and the lean client of its containerd API: the same for both. */
export class ApiSide {
  readonly socketPath: string;
  /** Where the runtime keeps its own state. */
  readonly runtimeRoot: string;
  readonly #directory: string;
  #daemon: Child | undefined;
  #connection: LeanConnection | undefined;

  constructor(
    readonly name: SideName,
    directory: string,
    private readonly reaper: ChildReaper,
    /** Ours, where it is ours. */
    private readonly program: string,
    /** Below which containers' cgroups are. */
    readonly cgroupParent: string,
  ) {
    this.#directory = join(directory, name);
    this.socketPath = join(this.#directory, 'daemon.sock');
    this.runtimeRoot = join(this.#directory, 'runtime');
  }

  /** Starts it and waits until it serves. */
  async start(): Promise<void> {
    mkdirSync(this.#directory, { recursive: true });
    const logPath = join(this.#directory, 'log');
    const logFd = openSync(logPath, 'a');
    this.#daemon = this.reaper.spawn({ ...this.#commandLine(), stdout: logFd, stderr: logFd, session: true });
    closeSync(logFd);
    let isOver = false;
    void this.#daemon.exited.then(() => (isOver = true));
    while (!(await accepts(this.socketPath))) {
      if (isOver) throw new Error(`${this.name} does not start: ${readFileSync(logPath, 'utf8')}`);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await this.ask(VersionService.version, {});
  }

  ask<Request, Answer>(method: Method<Request, Answer>, request: Request): Promise<Answer> {
    this.#connection ??= this.connect();
    return this.#connection.unary(method, request);
  }

  /** A connection of one's own; to be closed. */
  connect(): LeanConnection {
    return new LeanConnection(this.socketPath, { 'containerd-namespace': namespace });
  }

  /** The daemon and its shims. */
  pids(): number[] {
    const pid = this.#daemon?.pid;
    if (pid === undefined) throw new Error(`${this.name} was not started`);
    // Hands that opened something at the start end by themselves ten seconds later.
    if (this.name === 'holdfast') return supervisors(pid).filter((one) => processOf(one)?.commandLine.includes('--hands') === false);
    const shims = allProcesses().filter(({ commandLine }) => commandLine.startsWith(containerdShim) && commandLine.includes(this.socketPath));
    return [pid, ...shims.map((shim) => shim.pid)];
  }

  async stop(): Promise<void> {
    this.#connection?.close();
    this.#connection = undefined;
    this.#daemon?.kill(15);
    await this.#daemon?.exited;
    this.#daemon = undefined;
  }

  #commandLine(): { readonly file: string; readonly args: readonly string[] } {
    const [root, state] = [join(this.#directory, 'root'), join(this.#directory, 'state')];
    if (this.name === 'holdfast') {
      return { file: this.program, args: ['--listen', `unix://${this.socketPath}`, '--state-dir', state, '--root', root, '--programs', join(root, 'no-programs'), '--metrics-interval=0'] };
    }
    const config = join(this.#directory, 'config.toml');
    writeFileSync(config, debianConfig(root, state, this.socketPath, join(this.#directory, 'opt')));
    return { file: containerd, args: ['--config', config] };
  }
}
