import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { FifoReader, FifoWriter, makeFifo } from '../support/fifo';

/** The client's side of one process: its FIFOs in the bundle directory, `<process>-stdin` and so on. */
export class ClientProcess {
  readonly paths: { readonly stdin: string; readonly stdout: string; readonly stderr: string };
  #stdin: FifoWriter | undefined;
  #stdout: FifoReader | undefined;
  #stderr: FifoReader | undefined;
  #ended: (status: number) => void = () => undefined;
  /** Resolves with the status of the exit event. */
  readonly exited = new Promise<number>((resolve) => (this.#ended = resolve));

  constructor(
    readonly name: string,
    readonly bundle: string,
    readonly terminal: boolean,
  ) {
    const path = (stream: string): string => join(bundle, `${name}-${stream}`);
    this.paths = { stdin: path('stdin'), stdout: path('stdout'), stderr: path('stderr') };
  }

  /** With a terminal nobody makes, opens or looks at the third one. */
  makeFifos(): this {
    for (const path of this.#inUse()) if (!existsSync(path)) makeFifo(path);
    return this;
  }

  /** Opens the client's ends, without blocking; again after {@link closeEnds}, as a live restore does. */
  openEnds(): this {
    this.#stdin = new FifoWriter(this.paths.stdin);
    this.#stdout = new FifoReader(this.paths.stdout);
    if (!this.terminal) this.#stderr = new FifoReader(this.paths.stderr);
    return this;
  }

  get stdin(): FifoWriter {
    return opened(this.#stdin);
  }

  get stdout(): FifoReader {
    return opened(this.#stdout);
  }

  get stderr(): FifoReader {
    return opened(this.#stderr);
  }

  closeEnds(): void {
    this.#stdin?.close();
    this.#stdout?.close();
    this.#stderr?.close();
  }

  /** The exit event has come: the FIFOs are removed at once. Their open ends are read on to the end. */
  end(status: number): void {
    this.#stdin?.close();
    for (const path of this.#inUse()) rmSync(path, { force: true });
    this.#ended(status);
  }

  #inUse(): string[] {
    const { stdin, stdout, stderr } = this.paths;
    return this.terminal ? [stdin, stdout] : [stdin, stdout, stderr];
  }
}

/** A container as dockerd remembers it. */
export class ClientContainer {
  readonly processes = new Map<string, ClientProcess>();
  /** An oom event came; dockerd says it only with the exit. */
  oom = false;
  paused = false;

  constructor(
    readonly id: string,
    readonly bundle: string,
    readonly init: ClientProcess,
  ) {
    this.processes.set(init.name, init);
  }

  /** The init process is over: the bundle directory goes at once, FIFOs and all, whoever still holds them. */
  end(status: number): void {
    rmSync(this.bundle, { recursive: true, force: true });
    for (const process of this.processes.values()) process.end(status);
  }
}

function opened<T>(end: T | undefined): T {
  if (end === undefined) throw new Error('that end was not opened');
  return end;
}
