import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { strerror } from '../sys/errors';

export interface ReadOptions {
  /** A longer file is refused. */
  readonly mostBytes: number;
  /** Whether the last component may be a symbolic link; not in directories of our own. */
  readonly followLink?: boolean;
}

/**
 * Reads a small regular file. Never blocks: a FIFO, a device or a directory in the file's place is
 * refused after a non-blocking open, which starts nothing on any of them.
 * @throws Error with one line that names the file, `cause` the system's error if there was one
 */
export function readRegularFile(path: string, options: ReadOptions): Buffer {
  const fd = openToRead(path, options.followLink === true);
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Error(`${path}: not a regular file`);
    if (stat.size > options.mostBytes) throw new Error(`${path}: larger than ${options.mostBytes} bytes`);
    return readUpTo(fd, stat.size, path);
  } finally {
    closeSync(fd);
  }
}

/** Like readRegularFile, and undefined where there is no such file. */
export function readRegularFileIfThere(path: string, options: ReadOptions): Buffer | undefined {
  try {
    return readRegularFile(path, options);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether this is readRegularFile's error (or the system's own) for a file that does not exist. */
export function isMissing(error: unknown): boolean {
  return errnoCode(error) === 'ENOENT' || (error instanceof Error && errnoCode(error.cause) === 'ENOENT');
}

/** The C library's words for a system error ("no such file or directory"), or the error's own message. */
export function systemErrorText(error: unknown): string {
  const { errno, message } = systemFields(error);
  if (typeof errno === 'number') return strerror(Math.abs(errno));
  return typeof message === 'string' ? message : String(error);
}

/** The symbolic name of a system error (`ENOENT`), undefined for any other error. */
export function errnoCode(error: unknown): string | undefined {
  const { code } = systemFields(error);
  return typeof code === 'string' ? code : undefined;
}

/** By their fields, not by their class: errors of node:fs may come from another realm than ours. */
function systemFields(error: unknown): { readonly errno?: unknown; readonly code?: unknown; readonly message?: unknown } {
  return typeof error === 'object' && error !== null ? error : {};
}

function openToRead(path: string, followLink: boolean): number {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;
  try {
    return openSync(path, followLink ? flags : flags | constants.O_NOFOLLOW);
  } catch (error) {
    // open(2): ELOOP here says that the last component is a symbolic link; a socket gives ENXIO.
    throw new Error(`open ${path}: ${systemErrorText(error)}`, { cause: error });
  }
}

function readUpTo(fd: number, size: number, path: string): Buffer {
  const content = Buffer.allocUnsafe(size);
  let length = 0;
  try {
    while (length < size) {
      const got = readSync(fd, content, length, size - length, null);
      if (got === 0) break;
      length += got;
    }
  } catch (error) {
    throw new Error(`read ${path}: ${systemErrorText(error)}`, { cause: error });
  }
  return content.subarray(0, length);
}
