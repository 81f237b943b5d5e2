import { mkdirSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { isRunning, readProcStat } from '../../sys/process/process';
import { errorCodeOf } from '../../sys/thrown';
import { Fields } from '../fields';
import { type JsonObject, parseJson, printJson } from '../json';
import { isUnfinished, writeWhole } from '../state-dir/whole-file';
import { type Places, cursorOf, placesOf } from './cursor';
import type { KeptFile } from './file-names';

const PREFIX = 'reader-';
const HELD_PREFIX = 'held-';

/** A process for good: a number is given to another one later. */
export interface ProcessIdentity {
  readonly pid: number;
  readonly starttime: string;
}

/** A reader that kept output is not rotated away from: see docs/output.md. */
export interface Hold {
  /** Who reads, by way of the daemon. Undefined where the kernel does not tell it, as of one in another pid namespace. */
  readonly client: ProcessIdentity | undefined;
  readonly daemon: ProcessIdentity;
  /** What is before these has been read. A row that is not among them has not been read at all. */
  readonly places: Places;
  /** Of who has run the program in the foreground, once it has started: its pid. */
  readonly runPid?: number | undefined;
  /** Its reader has left before the end: where it was is remembered, for who comes next. */
  readonly isLeft?: boolean | undefined;
}

/** A hold that is in a directory. */
export interface NamedHold extends Hold {
  readonly name: string;
}

/** @returns undefined where there is no such process */
export function identityOf(pid: number): ProcessIdentity | undefined {
  const starttime = readProcStat(pid)?.starttime;
  return starttime === undefined ? undefined : { pid, starttime };
}

/** Makes a hold, or says how far its reader is now. The directory is made where it is not there. @throws the system's error */
export function writeHold(dir: string, name: string, { client, daemon, places, runPid, isLeft }: Hold): void {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const content = {
    ...(client === undefined ? {} : { client: memberOf(client) }),
    daemon: memberOf(daemon),
    cursor: cursorOf(places),
    ...(runPid === undefined ? {} : { runPid }),
    ...(isLeft === true ? { left: true } : {}),
  };
  writeWhole(join(dir, PREFIX + name), `${printJson(content)}\n`);
}

/** May be called twice. */
export function removeHold(dir: string, name: string): void {
  rmSync(join(dir, PREFIX + name), { force: true });
}

/** All holds of a directory, those included that hold nothing any more. A file that is none is passed over. */
export function holdsIn(dir: string): NamedHold[] {
  return namesIn(dir).filter((name) => name.startsWith(PREFIX) && !isUnfinished(name)).flatMap((file) => {
    const hold = readHold(join(dir, file));
    return hold === undefined ? [] : [{ ...hold, name: file.slice(PREFIX.length) }];
  });
}

/**
 * Whether its reader lives: of one whose daemon has died the client, which goes on with the next daemon; of one whose client has died nobody, whatever
 * its daemon does.
 */
export function isStanding({ client, daemon, isLeft }: Hold): boolean {
  return isLeft !== true && isAlive(client ?? daemon);
}

/** Whether a reader has not come to the end of a file yet. */
export function isUnread({ places }: Hold, { series, number }: KeptFile, size: number): boolean {
  const place = places[series];
  return place === undefined || place.number < number || (place.number === number && place.offset < size);
}

function isAlive({ pid, starttime }: ProcessIdentity): boolean {
  return isRunning(pid, starttime);
}

/** Says that somebody waits for the readers with what is to be written still. @param name of who waits @throws the system's error */
export function markHeld(dir: string, name: string): void {
  try {
    writeWhole(join(dir, HELD_PREFIX + name), '');
  } catch (error) {
    // The last reader has left in this moment, and the directory with it.
    if (errorCodeOf(error) !== 'ENOENT') throw error;
  }
}

/** May be called twice, also where nothing is marked. */
export function clearHeld(dir: string, name: string): void {
  rmSync(join(dir, HELD_PREFIX + name), { force: true });
}

/** Whether more comes once the readers are further: the process may have ended already. */
export function isHeld(dir: string): boolean {
  return namesIn(dir).some((name) => name.startsWith(HELD_PREFIX) && !isUnfinished(name));
}

function namesIn(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function readHold(path: string): Hold | undefined {
  try {
    const fields = Fields.of(parseJson(readFileSync(path, 'utf8')), path, 'bad-file');
    const client = fields.optionalObject('client');
    return {
      client: client && identityIn(client),
      daemon: identityIn(fields.object('daemon')),
      places: placesOf(fields.string('cursor')),
      runPid: fields.optionalInteger('runPid'),
      isLeft: fields.optionalBoolean('left'),
    };
  } catch {
    // Gone in this moment, or no file of ours: it holds nobody up.
    return undefined;
  }
}

function identityIn(fields: Fields): ProcessIdentity {
  return { pid: fields.integer('pid', 1), starttime: fields.string('starttime') };
}

function memberOf({ pid, starttime }: ProcessIdentity): JsonObject {
  return { pid, starttime };
}
