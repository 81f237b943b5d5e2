import type { SourcePlace } from './definition';

export type DefinitionErrorCode =
  | 'unreadable' // the file or the directory
  | 'toml' // no TOML at all
  | 'unknown-key'
  | 'bad-value'
  | 'contradiction' // keys that cannot both be there, or one that wants another
  | 'duplicate' // the name is taken
  | 'unknown-program' // named by a dependency or a group
  | 'cycle';

/** What is wrong with a definition: something to show, never thrown. */
export interface DefinitionError {
  readonly code: DefinitionErrorCode;
  readonly place: SourcePlace;
  readonly message: string;
  /** The program that cannot be had because of it; undefined: the whole file. */
  readonly program: string | undefined;
}

/** One line: `file:line:column: what is wrong`. */
export function errorLine({ place, message }: DefinitionError): string {
  const where = place.line === 0 ? place.file : `${place.file}:${String(place.line)}:${String(place.column)}`;
  return `${where}: ${message}`;
}
