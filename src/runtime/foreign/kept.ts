import { closeSync, constants, fstatSync, openSync, readSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { type FoundName, findCached, placeOf } from '../../sys/files/cached-name';
import { readCached } from '../../sys/files/read-cached';
import { errorCodeOf } from '../../sys/thrown';
import { type KeptFile, packedName, parseKeptName } from '../kept-output/file-names';
import { readPacked, readPackedIndex } from '../kept-output/packed';

/** A file of kept output, as a reader finds it. */
export interface KeptListing extends KeptFile {
  /** Of one that is packed: as it was before. */
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
  const listed = listNames(dir);
  return listed.flatMap(({ name, isPacked, ...file }) => {
    const path = join(dir, name);
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat === undefined) return [];
    const size = isPacked ? packedSize(path) : stat.size;
    return size === undefined ? [] : [{ ...file, size, writtenMs: stat.mtimeMs }];
  });
}

/** Each file once: one that has just been packed may be there in both ways, which are the same. */
function listNames(dir: string): readonly (KeptFile & { readonly name: string; readonly isPacked: boolean })[] {
  let names: string[];
  try {
    names = readdirSync(dir);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
  const plain = new Set(names);
  return names.flatMap((name) => {
    const file = parseKeptName(name);
    const isTwice = file?.isPacked === true && plain.has(name.slice(0, -packedName('').length));
    return file === undefined || isTwice ? [] : [{ ...file, name }];
  });
}

/** Bytes of a packed file as it was; undefined where it is gone, or none of ours. @throws the system's error */
export function packedSize(path: string): number | undefined {
  return onPacked(path, (fd, size) => readPackedIndex(fd, size)?.totalBytes);
}

/** Undefined where it is not there. */
function onPacked<T>(path: string, read: (fd: number, size: number) => T): T | undefined {
  let fd: number;
  try {
    fd = openSync(path, FLAGS);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    return read(fd, fstatSync(fd).size);
  } finally {
    closeSync(fd);
  }
}

/** The same where nothing can hang: in memory, or on a local disk. @returns undefined where it may have to wait for something */
export function listKeptAtOnce(dir: string): KeptListing[] | undefined {
  const found = find(dir);
  if (found === undefined || found === 'gone') return found === 'gone' ? [] : undefined;
  try {
    const place = `/proc/self/fd/${String(found.fd)}`;
    // What is packed has to be looked into.
    return placeOf(found) === 'elsewhere' || listNames(place).some(({ isPacked }) => isPacked) ? undefined : listKept(place);
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
    if (errorCodeOf(error) === 'ENOENT') return readPackedKept({ path: packedName(path), offset, length });
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

function readPackedKept({ path, offset, length }: KeptRange): Buffer | undefined {
  return onPacked(path, (fd, size) => {
    const index = readPackedIndex(fd, size);
    return index && readPacked(fd, index, offset, Math.max(0, Math.min(length, index.totalBytes - offset)));
  });
}

/** The same where nothing can hang: what is in memory, or in the kernel's cache. @returns undefined where it may have to wait for something */
export function readKeptAtOnce({ path, offset, length }: KeptRange): Buffer | 'gone' | undefined {
  const found = find(path);
  // It may have been packed.
  if (found === 'gone') return isGoneAtOnce(packedName(path)) ? 'gone' : undefined;
  if (found === undefined) return undefined;
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
