import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import type { ChildReaper, SpawnOptions } from '../../src/sys/process/children';
import { signalPid } from '../../src/sys/process/process';

/** A container that the runtime made, its init process a child of this program. */
export interface BareContainer {
  readonly id: string;
  readonly pid: number;
  /** Resolves when init has been reaped. */
  readonly ended: Promise<void>;
}

/** Descriptors for a process's stdio; absent ones are the null device. */
export type BareStdio = Pick<SpawnOptions, 'stdin' | 'stdout' | 'stderr'>;

/**
 * The runtime's commands as the shim and the daemon call them, without either: spawned the same way, with the
 * same flags, logs and pid files. What this takes, nothing that uses the runtime can beat.
 */
export class BareRuntime {
  readonly #pidFiles: string;

  /** @param root the runtime's own state, apart from the daemon's */
  constructor(
    private readonly reaper: ChildReaper,
    readonly program: string,
    readonly root: string,
  ) {
    this.#pidFiles = `${root}.pids`;
    mkdirSync(this.#pidFiles, { recursive: true });
  }

  async create(id: string, bundle: string, stdio: BareStdio = {}, consoleSocket?: string): Promise<BareContainer> {
    const pidFile = join(this.#pidFiles, `${id}.pid`);
    const terminal = consoleSocket === undefined ? [] : ['--console-socket', consoleSocket];
    await this.call(['create', '--bundle', bundle, ...terminal, '--pid-file', pidFile, id], { cwd: bundle, ...stdio });
    return { id, ...this.#childOf(pidFile) };
  }

  start(id: string): Promise<void> {
    return this.call(['start', id]);
  }

  /** Runs a process by its process.json, and resolves when it has ended. */
  async exec(id: string, processFile: string): Promise<void> {
    const pidFile = join(this.#pidFiles, `${id}.exec`);
    await this.call(['exec', '-d', '--process', processFile, '--pid-file', pidFile, id]);
    await this.#childOf(pidFile).ended;
  }

  /** SIGKILL, and the end of init. */
  async kill(container: BareContainer): Promise<void> {
    signalPid(container.pid, 9);
    await container.ended;
  }

  delete(id: string): Promise<void> {
    return this.call(['delete', id]);
  }

  async remove(container: BareContainer): Promise<void> {
    await this.kill(container);
    await this.delete(container.id);
  }

  /** What an interrupted run has left. */
  async removeAll(): Promise<void> {
    if (!existsSync(this.root)) return;
    for (const id of readdirSync(this.root)) await this.call(['delete', '--force', id]);
  }

  /** Any command. @throws Error with what the runtime logged, where it fails */
  async call(args: readonly string[], options: Partial<SpawnOptions> = {}): Promise<void> {
    const log = join(this.#pidFiles, 'log.json');
    const global = ['--root', this.root, '--log', log, '--log-format', 'json'];
    const child = await this.reaper.launch({ file: this.program, ...options, args: [...global, ...args] });
    const status = await child.exited;
    if (status.kind === 'exited' && status.code === 0) return;
    const said = readFileSync(log, 'utf8');
    rmSync(log);
    throw new Error(`${this.program} ${args.join(' ')}: ${said}`);
  }

  #childOf(pidFile: string): { readonly pid: number; readonly ended: Promise<void> } {
    const pid = Number(readFileSync(pidFile, 'utf8'));
    return { pid, ended: new Promise((resolve) => this.reaper.watchChild(pid, () => resolve())) };
  }
}
