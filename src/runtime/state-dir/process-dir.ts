import { chmodSync, closeSync, constants, lstatSync, openSync, rmSync, readdirSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { mkfifo } from '../../sys/files/files';
import { removeTree } from '../../sys/files/remove-tree';
import { isFull } from '../../sys/shortage';
import { errorCodeOf, messageOf } from '../../sys/thrown';
import { RuntimeError } from '../errors';
import { printJson } from '../json';
import { INIT, files } from './layout';
import { readRegularFileIfThere } from './read-file';
import { lastErrorMessage } from '../oci/runtime-log';
import { writeIntoSpare } from './start-mark';
import { isUnfinished, writeWhole } from './whole-file';

const MOST_BYTES = 64;
// Linux's PID_MAX_LIMIT.
const HIGHEST_PID = 4194304;

/**
 * The process's pid, as the runtime wrote it. Undefined: not written (yet).
 * @throws RuntimeError `bad-file` for anything but a pid
 */
export function readPid(processDir: string): number | undefined {
  return readInteger(join(processDir, files.pid), 1, HIGHEST_PID);
}

/**
 * Field 22 of the process's stat file: decimal, in clock ticks since the boot (up to 64 bits).
 * @throws RuntimeError `bad-file`
 */
export function readStarttime(processDir: string): string | undefined {
  return readDecimal(join(processDir, files.starttime));
}

export function writeStarttime(processDir: string, starttime: string): void {
  replaceWhole(join(processDir, files.starttime), starttime);
}

/**
 * The exit status, 0 to 255. Undefined: the process has not been reaped, or its reaper was killed
 * before it could say.
 * @throws RuntimeError `bad-file`
 */
export function readExitStatus(processDir: string): number | undefined {
  return readInteger(join(processDir, files.exitStatus), 0, 255);
}

/** When the exit status was written: nanoseconds since 1970. Undefined: it has not been. */
export function exitStatusWrittenNs(processDir: string): bigint | undefined {
  return lstatSync(join(processDir, files.exitStatus), { bigint: true, throwIfNoEntry: false })?.mtimeNs;
}

export function writeExitStatus(processDir: string, status: number): void {
  const path = join(processDir, files.exitStatus);
  try {
    replaceWhole(path, String(status));
  } catch (error) {
    if (!isFull(error) || !writeIntoSpare(processDir, path, String(status))) throw error;
  }
}

/**
 * Makes the exit and control FIFOs; those that are there already are left.
 * @throws SysError, or RuntimeError `bad-file` where something else bears the name
 */
export function makeFifos(processDir: string): void {
  for (const name of [files.exit, files.control]) makeFifo(join(processDir, name));
}

/** Makes the runtime's log, empty: a runtime that makes it itself lets everyone read it. */
export function makeRuntimeLog(processDir: string): void {
  closeSync(openSync(join(processDir, files.log), 'wx', 0o600));
}

/** Closes the pid file to others. A runtime writes it under another name first, so its mode cannot be settled before. */
export function makePidPrivate(processDir: string): void {
  const path = join(processDir, files.pid);
  if (lstatSync(path, { throwIfNoEntry: false })?.isFile() === true) chmodSync(path, 0o600);
}

/**
 * Makes the exit and control FIFOs where they are missing or something else has taken their place, and makes
 * room for the runtime's log, without which it does nothing. What was there goes: nobody but us keeps
 * anything under these names.
 */
export function mendFiles(processDir: string): void {
  const log = join(processDir, files.log);
  if (lstatSync(log, { throwIfNoEntry: false })?.isFile() === false) removeTree(log);
  for (const name of [files.exit, files.control]) {
    const path = join(processDir, name);
    if (lstatSync(path, { throwIfNoEntry: false })?.isFIFO() === false) removeTree(path);
    makeFifo(path);
  }
}

/** Remembers that the client has closed stdin: a shim that adopts the process must not open it again. */
export function markStdinClosed(processDir: string): void {
  writeWhole(join(processDir, files.stdinClosed), '');
}

export function isStdinClosed(processDir: string): boolean {
  return exists(join(processDir, files.stdinClosed));
}

/**
 * Whether a daemon was killed before it could even mark the start: no process has been made in this directory,
 * and nobody was told of one.
 */
export function isBareProcessDir(dir: string): boolean {
  return readdirSync(dir).every(isUnfinished);
}

/** The same for a container's directory. One with anything else in it is not taken for a start of ours. */
export function isBareContainerDir(dir: string): boolean {
  return readdirSync(dir).every(
    (name) => name === files.state || isUnfinished(name) || (name === INIT && isBareProcessDir(join(dir, name))),
  );
}

/**
 * Says that the runtime has deleted the container: a shim that is killed between the
 * exit status and this leaves the rest to the daemon.
 */
export function markDeleted(processDir: string): void {
  closeSync(openSync(join(processDir, files.deleted), constants.O_WRONLY | constants.O_CREAT | constants.O_NOFOLLOW, 0o600));
}

export function isDeleted(processDir: string): boolean {
  return exists(join(processDir, files.deleted));
}

/**
 * How many processes of the container the OOM killer had killed when the runtime was about to remove its
 * cgroup. Undefined: nobody counted.
 * @throws RuntimeError `bad-file`
 */
export function readOomKillsAtEnd(processDir: string): number | undefined {
  return readInteger(join(processDir, files.oomKills), 0, Number.MAX_SAFE_INTEGER);
}

export function writeOomKillsAtEnd(processDir: string, kills: number): void {
  writeWhole(join(processDir, files.oomKills), String(kills));
}

/** The runtime's `start` is under way: the shim waits with the container's deletion, should it end meanwhile. */
export function markStartCall(processDir: string): void {
  writeWhole(join(processDir, files.startCall), '');
}

/** The runtime's `start` is over. */
export function clearStartCall(processDir: string): void {
  rmSync(join(processDir, files.startCall), { force: true });
}

export function isStartCall(processDir: string): boolean {
  return exists(join(processDir, files.startCall));
}

/** Writes the pid where the runtime's own file was damaged and a shim knows it. */
export function writePid(processDir: string, pid: number): void {
  replaceWhole(join(processDir, files.pid), String(pid));
}

/** Appends an error to `shim-log.json`, in one write: readers see whole lines. */
export function appendShimLog(processDir: string, message: string): void {
  const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const fd = openSync(join(processDir, files.shimLog), flags, 0o600);
  try {
    writeSync(fd, `${printJson({ level: 'error', msg: message })}\n`);
  } finally {
    closeSync(fd);
  }
}

/** The last error in `shim-log.json`. */
export function lastShimError(processDir: string): string | undefined {
  return lastErrorMessage(join(processDir, files.shimLog));
}

/** The last error in the runtime's `log.json`. */
export function lastRuntimeError(processDir: string): string | undefined {
  return lastErrorMessage(join(processDir, files.log));
}

function makeFifo(path: string): void {
  try {
    mkfifo(path, 0o600);
  } catch (error) {
    if (errorCodeOf(error) !== 'EEXIST') throw error;
    if (!lstatSync(path).isFIFO()) throw new RuntimeError('bad-file', `${path}: not a FIFO`, { cause: error });
  }
}

function readInteger(path: string, least: number, most: number): number | undefined {
  const text = readDecimal(path);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (value >= least && value <= most) return value;
  throw new RuntimeError('bad-file', `${path}: expected an integer from ${least} to ${most}, found ${text}`);
}

/** Whatever is in its place: a rename replaces anything but a directory (rename(2), EISDIR). */
function replaceWhole(path: string, data: string): void {
  try {
    writeWhole(path, data);
  } catch (error) {
    if (errorCodeOf(error) !== 'EISDIR') throw error;
    removeTree(path);
    writeWhole(path, data);
  }
}

/** An empty file is as good as none: programs that do not rename create it so before they write. */
function readDecimal(path: string): string | undefined {
  let text: string | undefined;
  try {
    text = readRegularFileIfThere(path, { mostBytes: MOST_BYTES })?.toString('latin1').trim();
  } catch (error) {
    throw new RuntimeError('bad-file', messageOf(error), { cause: error });
  }
  if (text === undefined || text === '') return undefined;
  if (/^\d{1,20}$/.test(text)) return text;
  throw new RuntimeError('bad-file', `${path}: expected a decimal number, found ${JSON.stringify(text)}`);
}

function exists(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}
