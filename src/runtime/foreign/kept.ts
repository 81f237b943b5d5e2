import { closeSync, constants, fstatSync, openSync, readSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type FoundName, findCached, placeOf } from '../../sys/files/cached-name';
import { readCached } from '../../sys/files/read-cached';
import { errorCodeOf } from '../../sys/thrown';
import { type KeptFile, parseKeptName } from '../kept-output/file-names';

/** A file of kept output, as a reader finds it. */
export interface KeptListing extends KeptFile {
  readonly size: number;
  /** When it was last written to, in milliseconds since 1970. */
  readonly writtenMs: number;
}

/** Some bytes of a file of kept output. */
export interface KeptRange {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** @returns none where the directory is not there @throws the system's error */
export function listKept(dir: string): KeptListing[] {
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
  return names.flatMap((name) => {
    const file = parseKeptName(name);
    const stat = file === undefined ? undefined : statSync(join(dir, name), { throwIfNoEntry: false });
    return file === undefined || stat === undefined ? [] : [{ ...file, size: stat.size, writtenMs: stat.mtimeMs }];
  });
}

/** The same where nothing can hang: in memory, or on a local disk. @returns undefined where it may have to wait for something */
export function listKeptAtOnce(dir: string): KeptListing[] | undefined {
  const found = find(dir);
  if (found === undefined || found === 'gone') return found === 'gone' ? [] : undefined;
  try {
    return placeOf(found) === 'elsewhere' ? undefined : listKept(`/proc/self/fd/${found.fd}`);
  } finally {
    closeSync(found.fd);
  }
}

/** Whether it is known without waiting that nothing bears this name. */
export function isGoneAtOnce(path: string): boolean {
  const found = find(path);
  if (found !== undefined && found !== 'gone') closeSync(found.fd);
  return found === 'gone';
}

/** What is there of so many bytes. @returns undefined where the file is not there (any more) @throws the system's error */
export function readKept({ path, offset, length }: KeptRange): Buffer | undefined {
  let fd: number;
  try {
    fd = openSync(path, FLAGS);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const most = Math.max(0, Math.min(length, fstatSync(fd).size - offset));
    const bytes = Buffer.allocUnsafe(most);
    return bytes.subarray(0, readSync(fd, bytes, 0, most, offset));
  } finally {
    closeSync(fd);
  }
}

/** The same where nothing can hang: what is in memory, or in the kernel's cache. @returns undefined where it may have to wait for something */
export function readKeptAtOnce({ path, offset, length }: KeptRange): Buffer | 'gone' | undefined {
  const found = find(path);
  if (found === undefined || found === 'gone') return found;
  try {
    if (placeOf(found) === 'elsewhere') return undefined;
    const fd = openSync(`/proc/self/fd/${found.fd}`, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const most = Math.max(0, Math.min(length, found.size - offset));
      const bytes = Buffer.allocUnsafe(most);
      const cached = readCached(fd, bytes, offset);
      if (cached === 'again') return undefined;
      if (cached === 'unsupported') return bytes.subarray(0, readSync(fd, bytes, 0, most, offset));
      // Fewer: the rest would have to be fetched.
      return cached === most ? bytes : undefined;
    } finally {
      closeSync(fd);
    }
  } finally {
    closeSync(found.fd);
  }
}

function find(path: string): FoundName | 'gone' | undefined {
  try {
    return findCached(path);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return 'gone';
    throw error;
  }
}
