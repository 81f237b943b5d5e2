import type { ProgramDefinition, SourcePlace } from './definition';

/** In the place of a file's path, which is absolute: `run --restart` has defined it, and what is in use is all that there is of it. */
export const COMMAND_LINE = 'holdfastctl run';

/** No file defines it. */
export function isOfCommandLine({ source }: Pick<ProgramDefinition, 'source'>): boolean {
  return source.file === COMMAND_LINE;
}

/** `file:line`, for people. */
export function placeText({ file, line }: SourcePlace): string {
  return file === COMMAND_LINE ? file : `${file}:${String(line)}`;
}
