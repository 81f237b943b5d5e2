import type { RecordsErrorCode } from '../errors';
import type { ChangeName } from './changes';
import type { Contents } from './tables';

/** The thread's first message: it begins. */
export interface Begin {
  /** The directory of the database; made where it is missing. */
  readonly root: string;
}

export interface ChangeRequest {
  readonly change: ChangeName;
  readonly args: readonly unknown[];
}

/** Where it is to begin; then changes that are to be on the disk together, or the end. */
export type ToThread = Begin | readonly ChangeRequest[] | 'close';

/** What became of a change. */
export type ChangeOutcome =
  | { readonly is: 'done'; readonly result: unknown }
  | { readonly is: 'refused'; readonly code: RecordsErrorCode; readonly message: string };

export type FromThread =
  /** A database that could not be used lies at `aside` now. */
  | { readonly is: 'moved-aside'; readonly aside: string; readonly cause: string }
  /** There were files of blobs and snapshots, of which the new database knows nothing: they lie at `aside` now. */
  | { readonly is: 'files-aside'; readonly aside: string }
  /** A record that cannot be read is left out. */
  | { readonly is: 'invalid'; readonly cause: string }
  | { readonly is: 'open'; readonly isNew: boolean; readonly uuid: string; readonly hasImageFiles: boolean; readonly contents: Contents }
  /** Nothing can be written. @property contents what could be read all the same */
  | { readonly is: 'unusable'; readonly reason: string; readonly contents: Contents | undefined }
  /** Of all changes of the last request, in their order; what is done is on the disk. */
  | { readonly is: 'outcomes'; readonly outcomes: readonly ChangeOutcome[] };
