import { constants, openSync, rmSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { mkfifo } from '../../sys/files/files';
import { errorCodeOf } from '../../sys/thrown';
import { makeFifoDirectory } from './fifo-directory';

/** The paths of a process's stdio, as the API has them; empty means the null device. */
export interface StdioPaths {
  readonly stdin: string;
  readonly stdout: string;
  readonly stderr: string;
}

/** Named FIFOs in a directory of their own that nobody else can enter. */
export class StdioFifos {
  readonly directory: string;
  readonly paths: StdioPaths;

  /** @param outputs which it has; with a terminal there is no stderr: both come through the terminal */
  constructor(outputs: 'both' | 'stdout' | 'none') {
    this.directory = makeFifoDirectory();
    const at = (name: string): string => join(this.directory, name);
    this.paths = { stdin: at('stdin'), stdout: outputs === 'none' ? '' : at('stdout'), stderr: outputs === 'both' ? at('stderr') : '' };
    const { stdin, stdout, stderr } = this.paths;
    for (const path of [stdin, stdout, stderr]) if (path !== '') mkfifo(path, 0o600);
  }

  /** Removes the directory. May be called twice. */
  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

/**
 * Opens an output FIFO for reading. Does not wait for a writer, and the stream does not end before
 * the first one has come and the last one has gone. The stream owns the descriptor.
 */
export function openOutput(path: string): Socket {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

/**
 * Opens an input FIFO for writing; undefined when nobody reads it (ENXIO, fifo(7)) or it is gone:
 * then the process is over. Open it after the start: before, nobody reads it either.
 */
export function openInput(path: string): Socket | undefined {
  try {
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    return new Socket({ fd, readable: false, writable: true });
  } catch (error) {
    const code = errorCodeOf(error);
    if (code === 'ENXIO' || code === 'ENOENT') return undefined;
    throw error;
  }
}
