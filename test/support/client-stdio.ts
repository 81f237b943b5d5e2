import { mkdirSync } from 'node:fs';
import { join } from 'node:path';

import { FifoReader, FifoWriter, makeFifo } from './fifo';

/** The three paths of a request; with a terminal, stderr is empty. */
export interface StdioPaths {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * A client's side of one process's stdio: FIFOs and their ends, opened before the request as dockerd
 * does. {@link open} may be called again: a client that returns.
 */
export class ClientStdio {
  readonly paths: StdioPaths;
  #stdin: FifoWriter | undefined;
  #stdout: FifoReader | undefined;
  #stderr: FifoReader | undefined;

  /** Makes the FIFOs `<directory>/stdin`, `stdout` and, without a terminal, `stderr`; opens none. */
  constructor(directory: string, readonly terminal: boolean) {
    mkdirSync(directory, { recursive: true });
    this.paths = {
      stdin: join(directory, 'stdin'),
      stdout: join(directory, 'stdout'),
      stderr: terminal ? '' : join(directory, 'stderr'),
    };
    for (const path of Object.values(this.paths)) if (path !== '') makeFifo(path as string);
  }

  /** Opens all ends, in the place of those that are open: of two readers each would take what comes from the other. Returns itself. */
  open(): this {
    this.close();
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

  /** Closes all ends. May be called twice. */
  close(): void {
    this.#stdin?.close();
    this.#stdout?.close();
    this.#stderr?.close();
  }
}

function opened<T>(end: T | undefined): T {
  if (end === undefined) throw new Error('not opened, or a terminal, which has no stderr of its own');
  return end;
}
