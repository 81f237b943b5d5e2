import type { ProgramDefinition, Webhook } from './definition';
import { isOfCommandLine } from './command-line';
import { crossErrors } from './cross-check';
import type { DefinitionError } from './errors';
import { withGroups } from './groups';
import type { DefinitionFile } from './read-file';

/** What is defined: of each program the last definition that was good. */
export interface DefinitionSet {
  readonly programs: ReadonlyMap<string, ProgramDefinition>;
  readonly webhooks: ReadonlyMap<string, Webhook>;
}

/** What a reading has brought: what counts now, and what is wrong. */
export interface Reading extends DefinitionSet {
  /** In the order of files and lines. */
  readonly errors: readonly DefinitionError[];
  readonly fileCount: number;
}

export const noDefinitions: DefinitionSet = { programs: new Map(), webhooks: new Map() };

/**
 * Brings together what the files say now. A program with an error keeps the definition that it had; so do all of a file that
 * cannot be read. A program that no file names any more, and that nothing is wrong with, is gone. One of a command line stays until a file has its name.
 */
export function bringTogether(previous: DefinitionSet, files: readonly DefinitionFile[]): Reading {
  const { programs, errors: duplicates } = firstOfEach(files);
  const grouped = withGroups(programs, files.flatMap(({ groups }) => groups), previous.programs);
  const ofCommandLine = [...previous.programs.values()].filter((each) => isOfCommandLine(each) && !grouped.programs.has(each.name));
  const errors = [...files.flatMap((file) => file.errors), ...duplicates, ...grouped.errors, ...crossErrors(new Map([...grouped.programs, ...ofCommandLine.map((each) => [each.name, each] as const)]))];
  const wrong = new Set(errors.flatMap(({ program }) => (program === undefined ? [] : [program])));
  const broken = new Set(files.filter(({ isBroken }) => isBroken).map(({ path }) => path));
  const kept = [...previous.programs.values()].filter((each) => wrong.has(each.name) || ofCommandLine.includes(each) || (broken.has(each.source.file) && !grouped.programs.has(each.name)));
  const good = [...grouped.programs.values()].filter(({ name }) => !wrong.has(name));
  const keptWebhooks = [...previous.webhooks.values()].filter(({ source }) => broken.has(source.file));
  return {
    programs: byName([...kept, ...good]),
    webhooks: byName([...keptWebhooks, ...files.flatMap(({ webhooks }) => webhooks)]),
    errors: errors.sort(byPlace),
    fileCount: files.length,
  };
}

/** Of a name that is there twice the first counts, and the other one is an error that is nobody's: it runs on as it was defined first. */
function firstOfEach(files: readonly DefinitionFile[]): { readonly programs: ReadonlyMap<string, ProgramDefinition>; readonly errors: readonly DefinitionError[] } {
  const programs = new Map<string, ProgramDefinition>();
  const errors: DefinitionError[] = [];
  for (const program of files.flatMap((file) => file.programs)) {
    const first = programs.get(program.name);
    if (first === undefined) {
      programs.set(program.name, program);
      continue;
    }
    const message = `${program.name} is defined already: ${first.source.file}:${String(first.source.line)}`;
    errors.push({ code: 'duplicate', place: program.source, message, program: undefined });
  }
  return { programs, errors };
}

function byName<T extends { readonly name: string }>(all: readonly T[]): ReadonlyMap<string, T> {
  return new Map([...all].sort((a, b) => (a.name < b.name ? -1 : 1)).map((each) => [each.name, each]));
}

function byPlace({ place: a }: DefinitionError, { place: b }: DefinitionError): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
