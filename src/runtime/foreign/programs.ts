import { closeSync, openSync, readSync, readlinkSync } from 'node:fs';
import { O_PATH, factsOf, findCached, placeOf, versionOf } from '../../sys/files/cached-name';

/** A program's file, as it is at this moment. */
export interface FoundProgram {
  /** Without links. */
  readonly realPath: string;
  /** It begins with `#!`: another program executes it. */
  readonly isScript: boolean;
  /** Another one after each update or change; undefined where its file system is another machine's, or a program's. */
  readonly version: string | undefined;
}

/** Finds a program, waiting for its file system as long as that takes. @throws the system's error: ENOENT and others */
export function findProgram(path: string): FoundProgram {
  const fd = openSync(path, O_PATH);
  try {
    const realPath = readlinkSync(`/proc/self/fd/${fd}`);
    const isScript = startsAsScript(`/proc/self/fd/${fd}`);
    const found = factsOf(fd, path);
    return { realPath, isScript, version: placeOf(found) === 'elsewhere' ? undefined : versionOf(found) };
  } finally {
    closeSync(fd);
  }
}

/**
 * The version of a program that the kernel has in its cache of names, in memory or on a local disk.
 * @returns undefined where it may have to wait for something
 * @throws SysError ENOENT and others, where the kernel says so at once
 */
export function programVersionAtOnce(path: string): string | undefined {
  const found = findCached(path);
  if (found === undefined) return undefined;
  closeSync(found.fd);
  return placeOf(found) === 'elsewhere' ? undefined : versionOf(found);
}

function startsAsScript(path: string): boolean {
  const beginning = Buffer.alloc(2);
  try {
    const fd = openSync(path, 'r');
    try {
      readSync(fd, beginning);
    } finally {
      closeSync(fd);
    }
  } catch {
    // A directory, say. What is wrong with it, its launch will say.
  }
  return beginning.toString('latin1') === '#!';
}
