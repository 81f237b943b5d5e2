import { closeSync, constants, fchownSync, fstatSync, mkdirSync, openSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { type FoundName, O_PATH, factsOf, findCached, findInMemory, placeOf } from '../../sys/files/cached-name';
import { mkfifo } from '../../sys/files/files';
import { errorCodeOf, messageOf } from '../../sys/thrown';

const S_IFMT = 0o170000;
const S_IFIFO = 0o010000;
const S_IFREG = 0o100000;
const S_IFCHR = 0o020000;
/** null(4) */
const NULL_DEVICE = '1:3';

/** Host ids of the container's root. */
export interface Owner {
  readonly rootUid: number;
  readonly rootGid: number;
}

/** How one of a process's stdio paths is to be opened. */
export interface StdioAsked {
  readonly path: string;
  /** Which way the process uses it. */
  readonly direction: 'input' | 'output';
  /**
   * What is done where nothing is. `null`: it is the null device, for a process that runs already; for a new one a file must be
   * one that can be opened.
   */
  readonly ifAbsent: 'null' | 'fail' | 'makeFifo' | 'makeFile';
  /** Of a FIFO, a descriptor for the process's way alone: one that blocks, for a process, or for our own use one that does not. */
  readonly end: 'none' | 'blocking' | 'nonBlocking';
  /** Who gets a FIFO; of one that is not new, only where it was given to nobody yet. */
  readonly owner?: Owner;
}

/**
 * One of a process's stdio paths, opened; the descriptors are the receiver's to close.
 * - `null`: the empty path, the null device, or a path where nothing is (see `ifAbsent`).
 * - `fifo`: `keeperFd` is open for reading and writing, non-blocking, so that neither side's absence shows.
 * - `file`: a plain file or a device. `fileFd` only names it (O_PATH).
 */
export type OpenedStdio =
  | { readonly kind: 'null' }
  | { readonly kind: 'fifo'; readonly keeperFd: number; readonly endFd: number | undefined }
  | { readonly kind: 'file'; readonly fileFd: number };

/**
 * Opens a path without ever waiting for the other side of a FIFO. What it is gets decided on an O_PATH descriptor and is opened
 * through it, so it cannot become something else in between. It may wait for the path's file system.
 * @throws the system's error with the path, or Error for a directory or a socket
 */
export function openStdio(asked: StdioAsked): OpenedStdio {
  if (asked.path === '') return { kind: 'null' };
  const fd = openNameOnly(asked);
  if (fd === undefined) return { kind: 'null' };
  // The file system is to be asked here: what the kernel knows may be nothing yet.
  fstatSync(fd);
  return openFound(factsOf(fd, asked.path), asked);
}

/**
 * The same where nothing can hang: what the kernel has in its cache, in memory or on a local disk.
 * @returns undefined where it may have to wait for something
 * @throws as openStdio
 */
export function openStdioAtOnce(asked: StdioAsked): OpenedStdio | undefined {
  if (asked.path === '') return { kind: 'null' };
  const found = findAtOnce(asked);
  if (found === undefined || found === 'nothing') return found === undefined ? undefined : { kind: 'null' };
  const place = placeOf(found);
  const type = found.mode & S_IFMT;
  // Opening another device may wait for it, and giving a file away is a write, which a frozen disk makes wait (fsfreeze(8)).
  const isQuick = place === 'memory' || (place === 'disk' && !isGivenAway(asked));
  const isPlain = type === S_IFIFO || type === S_IFREG || (type === S_IFCHR && found.deviceNumber === NULL_DEVICE);
  if (isQuick && isPlain) return openFound(found, asked);
  closeSync(found.fd);
  return undefined;
}

/** Closes what was opened. */
export function closeStdio(opened: OpenedStdio): void {
  if (opened.kind === 'file') closeSync(opened.fileFd);
  if (opened.kind !== 'fifo') return;
  closeSync(opened.keeperFd);
  if (opened.endFd !== undefined) closeSync(opened.endFd);
}

/**
 * Gives a FIFO to the root of a container with a user namespace, which opens /dev/stdout by its path. On the host that root is nobody, and a
 * runtime in the namespace gives the FIFO on to the process's own user only where its owner is one of the namespace's (fchown(2)).
 */
export function giveTo({ rootUid, rootGid }: Owner, fifoFd: number): void {
  if (rootUid === 0 && rootGid === 0) return;
  try {
    fchownSync(fifoFd, rootUid, rootGid);
  } catch {
    // On a read-only file system, say: it is used through the descriptor that is passed on.
  }
}

function isNew({ ifAbsent }: StdioAsked): boolean {
  return ifAbsent !== 'null';
}

function isGivenAway({ owner }: StdioAsked): boolean {
  return owner !== undefined && (owner.rootUid !== 0 || owner.rootGid !== 0);
}

/** @param found its descriptor is closed, or becomes the file's */
function openFound(found: FoundName, asked: StdioAsked): OpenedStdio {
  let keepsName = false;
  try {
    const type = found.mode & S_IFMT;
    if (type === S_IFIFO) return openFifo(found, asked);
    if (type !== S_IFREG && type !== S_IFCHR) throw new Error(`${asked.path} is neither a FIFO, nor a file, nor a character device`);
    if (type === S_IFCHR && found.deviceNumber === NULL_DEVICE) return { kind: 'null' };
    if (isNew(asked)) checkFile(found.fd, asked);
    keepsName = true;
    return { kind: 'file', fileFd: found.fd };
  } finally {
    if (!keepsName) closeSync(found.fd);
  }
}

function openFifo(found: FoundName, asked: StdioAsked): OpenedStdio {
  const { direction, end, owner } = asked;
  const keeperFd = reopen(found.fd, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    // One that was given away before may belong to any of the container's users by now.
    if (owner !== undefined && (isNew(asked) || found.ownerId === 0)) giveTo(owner, keeperFd);
    if (end === 'none') return { kind: 'fifo', keeperFd, endFd: undefined };
    const way = direction === 'input' ? constants.O_RDONLY : constants.O_WRONLY;
    return { kind: 'fifo', keeperFd, endFd: reopen(keeperFd, end === 'blocking' ? way : way | constants.O_NONBLOCK) };
  } catch (error) {
    closeSync(keeperFd);
    throw error;
  }
}

/** What a copier will not be able to open is an error of the start. */
function checkFile(fd: number, { path, direction }: StdioAsked): void {
  const flags = direction === 'input' ? constants.O_RDONLY : constants.O_WRONLY | constants.O_APPEND;
  try {
    closeSync(reopen(fd, flags | constants.O_NOCTTY | constants.O_NONBLOCK));
  } catch (error) {
    throw new Error(`open ${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** With an open file description of its own. On a FIFO that a keeper holds open it does not block. */
function reopen(fd: number, flags: number): number {
  return openSync(`/proc/self/fd/${fd}`, flags);
}

function openNameOnly({ path, ifAbsent }: StdioAsked): number | undefined {
  try {
    return openSync(path, O_PATH);
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT') throw error;
    if (ifAbsent === 'null') return undefined;
    if (ifAbsent === 'fail') throw notThere(path, error);
  }
  if (ifAbsent === 'makeFile') makeFile(path);
  else mkfifo(path, 0o600);
  return openSync(path, O_PATH);
}

/** As the original makes a log that a client names (`file://`). */
function makeFile(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  closeSync(openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | constants.O_NONBLOCK, 0o644));
}

function notThere(path: string, cause: unknown): Error {
  return new Error(`open ${path}: no such file or directory`, { cause });
}

function findAtOnce(asked: StdioAsked): FoundName | 'nothing' | undefined {
  try {
    const found = findCached(asked.path);
    if (found !== undefined) return found;
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT') throw error;
    if (asked.ifAbsent === 'null') return 'nothing';
    if (asked.ifAbsent === 'fail') throw notThere(asked.path, error);
  }
  return inMemory(asked);
}

/** Of tmpfs the kernel keeps no word of what is not there; but looking there, and making a FIFO, takes no time. */
function inMemory({ path, ifAbsent }: StdioAsked): FoundName | 'nothing' | undefined {
  const name = basename(path);
  if (path.endsWith('/') || name === '..' || name === '.') return undefined;
  const dir = directoryInMemory(dirname(path));
  if (dir === undefined) return undefined;
  try {
    return findInMemory(dir, name);
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT') throw error;
    if (ifAbsent === 'null') return 'nothing';
    if (ifAbsent === 'fail') throw notThere(path, error);
    if (ifAbsent === 'makeFile') return undefined;
    mkfifo(`/proc/self/fd/${dir.fd}/${name}`, 0o600);
    return findInMemory(dir, name);
  } finally {
    closeSync(dir.fd);
  }
}

function directoryInMemory(path: string): FoundName | undefined {
  let dir: FoundName | undefined;
  try {
    dir = findCached(path);
  } catch {
    // What is wrong with it, whoever goes there will say.
    return undefined;
  }
  if (dir === undefined || placeOf(dir) === 'memory') return dir;
  closeSync(dir.fd);
  return undefined;
}
