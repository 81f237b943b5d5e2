import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { strerror } from '../../sys/errors';
import { errorCodeOf, messageOf } from '../../sys/thrown';

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
  return errorCodeOf(error) === 'ENOENT' || (error instanceof Error && errorCodeOf(error.cause) === 'ENOENT');
}

/** The C library's words for a system error ("no such file or directory"), or the error's own message. */
export function systemErrorText(error: unknown): string {
  const errno = typeof error === 'object' && error !== null && 'errno' in error ? error.errno : undefined;
  return typeof errno === 'number' ? strerror(Math.abs(errno)) : messageOf(error);
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
