import { closeSync, constants, openSync, readSync } from 'node:fs';
import { type FoundName, findCached, findCachedInRoot, placeOf } from '../../sys/files/cached-name';
import { SysError, strerror } from '../../sys/errors';
import { readCached } from '../../sys/files/read-cached';
import { type ReadOptions, systemErrorText } from '../state-dir/read-file';

const S_IFMT = 0o170000;
const S_IFREG = 0o100000;

export interface ForeignReadOptions extends ReadOptions {
  /** The path is one of a program with this root: links lead nowhere else. */
  readonly root?: string | undefined;
}

/**
 * Reads a small regular file that is in the kernel's caches, on a local file system: whatever hangs, this does not.
 * @returns undefined where it may have to wait for something
 * @throws Error as readRegularFile does
 */
export function readAtOnce(path: string, options: ForeignReadOptions): Buffer | undefined {
  const found = find(path, options.root);
  if (found === undefined) return undefined;
  try {
    if ((found.mode & S_IFMT) !== S_IFREG) throw new Error(`${path}: not a regular file`);
    if (placeOf(found) === 'elsewhere') return undefined;
    if (found.size > options.mostBytes) throw new Error(`${path}: larger than ${options.mostBytes} bytes`);
    return read(found, path);
  } finally {
    closeSync(found.fd);
  }
}

function find(path: string, root: string | undefined): FoundName | undefined {
  try {
    return root === undefined ? findCached(path) : findWithin(root, path);
  } catch (error) {
    throw new Error(`open ${path}: ${error instanceof SysError ? strerror(error.errno) : String(error)}`, { cause: error });
  }
}

function findWithin(root: string, path: string): FoundName | undefined {
  const at = findCached(root);
  if (at === undefined) return undefined;
  try {
    return findCachedInRoot(at, path);
  } finally {
    closeSync(at.fd);
  }
}

function read({ fd: nameFd, size }: FoundName, path: string): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(`/proc/self/fd/${nameFd}`, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    throw new Error(`open ${path}: ${systemErrorText(error)}`, { cause: error });
  }
  try {
    const content = Buffer.allocUnsafe(size);
    const cached = readCached(fd, content);
    if (cached === 'again') return undefined;
    if (cached !== 'unsupported') return cached === size ? content : undefined;
    return content.subarray(0, readSync(fd, content, 0, size, 0));
  } finally {
    closeSync(fd);
  }
}
