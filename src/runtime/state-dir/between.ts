import { join } from 'node:path';

/** A process's standard streams. */
export type StreamName = 'stdin' | 'stdout' | 'stderr';

/** What stands between a process's stream and a plain file or device, or the files that output is kept in: names in the process's directory. */
export interface BetweenPaths {
  /** FIFO: what the process is given in the file's place. */
  readonly fifo: string;
  /** FIFO: what the copier is about to pass on (stdin), or has passed on and not struck out yet (outputs). A plain file where output is kept: what it is about to write. */
  readonly staged: string;
  /** How far the copier is: see `CopyNote`. */
  readonly note: string;
}

/**
 * The container never gets a client's file itself: a runtime gives its process's stdio to the process's user (runc's fixStdioPermissions), and who
 * has a descriptor may open the file anew through /proc/self/fd, to empty it.
 */
export function betweenPaths(processDir: string, name: StreamName): BetweenPaths {
  const fifo = join(processDir, `holdfast-${name}`);
  return { fifo, staged: `${fifo}-staged`, note: `${fifo}-note` };
}
