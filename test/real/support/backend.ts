import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { binDirectory, describeExit, DaemonProcess } from '../../support/daemon-process';
import { debianConfig } from './debian-config';
import type { Place } from './place';

/** Whose daemon serves the API: Debian's containerd, which is the measure, or ours. */
export type BackendName = 'debian' | 'holdfast';

/** A containerd in a place of its own, a child of the test. */
export class Backend {
  readonly socket: string;
  #process: DaemonProcess | undefined;
  #launches = 0;

  constructor(
    readonly name: BackendName,
    readonly place: Place,
    /** Below the place. */
    private readonly directory = 'c',
    /** Put before the command line: namespaces to enter. */
    private readonly entering: readonly string[] = [],
  ) {
    this.socket = place.path(`${directory}.sock`);
  }

  /** Starts it and waits until it serves. */
  async start(): Promise<void> {
    this.#launches += 1;
    const own = this.#commandLine();
    const [program = '', ...args] = [...this.entering, own.program, ...own.args];
    this.#process = await DaemonProcess.spawn({
      program,
      args,
      // Debian's makes the images of checkpoints there, and leaves some.
      env: this.name !== 'holdfast' ? { XDG_RUNTIME_DIR: this.place.path(this.directory) } : {},
      logPath: this.place.path(`${this.directory}-${String(this.#launches)}.log`),
    });
    await this.#process.untilServing(this.socket);
  }

  get pid(): number {
    return this.#running().pid;
  }

  /** What the process that was started last wrote. */
  log(): string {
    return this.#running().log();
  }

  /** As a power cut would, or the OOM killer. Containers live on. */
  async kill(): Promise<void> {
    await this.#running().stop('SIGKILL');
  }

  /** Orderly; containers live on. Rejects where it did not end well. */
  async stop(): Promise<void> {
    if (this.#process?.hasEnded !== false) return;
    const exit = await this.#process.stop('SIGTERM');
    if (exit.code !== 0) throw new Error(`${this.name} ended with ${describeExit(exit)}:\n${exit.log}`);
  }

  #running(): DaemonProcess {
    if (this.#process === undefined) throw new Error(`${this.name} was not started`);
    return this.#process;
  }

  #commandLine(): { program: string; args: string[] } {
    const root = this.place.path(this.directory, 'root');
    const state = this.place.path(this.directory, 'state');
    if (this.name === 'holdfast') {
      return {
        program: join(binDirectory, 'holdfastd'),
        args: ['--listen', `unix://${this.socket}`, '--state-dir', state, '--root', root, '--programs', this.place.path(this.directory, 'no-programs'), '--metrics-interval=0'],
      };
    }
    const config = this.place.path(`${this.directory}.toml`);
    writeFileSync(config, debianConfig(root, state, this.socket, this.place.path(this.directory, 'opt')));
    return { program: '/usr/bin/containerd', args: ['--config', config] };
  }
}
