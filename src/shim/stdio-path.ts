import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { mkfifo, pipeSize, setPipeSize } from '../sys/files';
import { errorCodeOf } from '../sys/thrown';
import { ShimError } from './errors';

/** Linux open(2): a descriptor that only names the file. Opening it never blocks and has no effect on a FIFO. */
export const O_PATH = 0o10000000;

/** Which way the process uses it. */
export type Direction = 'input' | 'output';

/**
 * One of a process's stdio paths, opened.
 * - `null`: the empty path, or a FIFO that is gone at an adoption.
 * - `fifo`: `keeperFd` is open for reading and writing, non-blocking, so that neither side's absence shows.
 * - `file`: a plain file or a device, opened one way; what is written is appended.
 */
export type StdioPath =
  | { readonly kind: 'null' }
  | { readonly kind: 'fifo'; readonly keeperFd: number }
  | { readonly kind: 'file'; readonly fd: number };

export interface OpenOptions {
  /** Whether a FIFO is made where nothing is. */
  readonly create: boolean;
  /** For a file or device that this process itself will read or write; a process that is given it wants it to block. */
  readonly nonBlocking?: boolean;
}

/**
 * Opens a path of any of these kinds without ever waiting for the other side of a FIFO. What it is gets decided
 * on an O_PATH descriptor and is opened through it, so it cannot become something else in between.
 * The caller closes what comes back.
 * @throws the system's error with the path, or ShimError for a directory or a socket
 */
export function openStdioPath(path: string, direction: Direction, options: OpenOptions): StdioPath {
  if (path === '') return { kind: 'null' };
  const pathFd = openNameOnly(path, options);
  if (pathFd === undefined) return { kind: 'null' };
  try {
    const stat = fstatSync(pathFd);
    if (stat.isFIFO()) {
      return { kind: 'fifo', keeperFd: reopen(pathFd, constants.O_RDWR | constants.O_NONBLOCK) };
    }
    if (!stat.isFile() && !stat.isCharacterDevice()) {
      throw new ShimError('shim-error', `${path} is neither a FIFO, nor a file, nor a character device`);
    }
    const flags = direction === 'input' ? constants.O_RDONLY : constants.O_WRONLY | constants.O_APPEND;
    const waiting = options.nonBlocking === true ? constants.O_NONBLOCK : 0;
    return { kind: 'file', fd: reopen(pathFd, flags | constants.O_NOCTTY | waiting) };
  } finally {
    closeSync(pathFd);
  }
}

/**
 * Opens the same file anew, with an open file description, and so an O_NONBLOCK, of its own. On a FIFO that
 * a keeper holds open it does not block.
 */
export function reopen(fd: number, flags: number): number {
  return openSync(`/proc/self/fd/${fd}`, flags);
}

/**
 * Lets a FIFO hold at least so many bytes before its writer waits. Where it may not (the user's share of pipe pages is used
 * up: pipe(7)), it stays as it is, and is slower.
 */
export function enlarge(fifoFd: number, bytes: number): void {
  try {
    if (pipeSize(fifoFd) < bytes) setPipeSize(fifoFd, bytes);
  } catch {
    // Slower, no more.
  }
}

/** Closes what openStdioPath gave. */
export function closeStdioPath(opened: StdioPath): void {
  if (opened.kind === 'fifo') closeSync(opened.keeperFd);
  if (opened.kind === 'file') closeSync(opened.fd);
}

function openNameOnly(path: string, options: OpenOptions): number | undefined {
  try {
    return openSync(path, O_PATH);
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT') throw error;
    if (!options.create) return undefined;
  }
  mkfifo(path, 0o600);
  return openSync(path, O_PATH);
}
