import { type Places, placesOf } from '../runtime/kept-output/cursor';
import type { KeptCursor, KeptStart } from '../runtime/kept-output/query';
import { ProgramError } from './errors';
import type { Program } from './program';

/** A place in the output of a program: not of another one, nor of one that had the name before. */
export function outputCursor(program: Program, cursor: KeptCursor): string {
  return `${identityOf(program)} ${cursor}`;
}

/** @throws ProgramError `other-cursor` */
export function startAfter(program: Program, cursor: string): KeptStart {
  return { after: placeIn(program, cursor) };
}

/** What is before a cursor, row by row. @throws ProgramError `other-cursor`, RuntimeError `bad-message` */
export function placesAt(program: Program, cursor: string): Places {
  return placesOf(placeIn(program, cursor));
}

function placeIn(program: Program, cursor: string): KeptCursor {
  // One of before its first start: all that it has written since comes after that.
  const unstarted = `${identityOf({ key: program.key, record: undefined })} `;
  const identity = cursor.startsWith(unstarted) ? unstarted : `${identityOf(program)} `;
  if (!cursor.startsWith(identity)) throw new ProgramError('other-cursor', program.name, `not a cursor of this program's output: ${JSON.stringify(cursor)}`);
  return cursor.slice(identity.length);
}

function identityOf({ key, record }: Pick<Program, 'key' | 'record'>): string {
  return `${key}@${String(record?.createdNs ?? 0n)}`;
}
