import { nearNames } from '../../runtime/text/near';
import type { ProgramDefinition } from './definition';
import type { DefinitionError } from './errors';
import type { GroupDefinition } from './read-file';

/** Programs as their groups have them. A name that no program has is an error of the group's, which holds the others all the same. @param before what was defined before */
export function withGroups(
  programs: ReadonlyMap<string, ProgramDefinition>,
  groups: readonly GroupDefinition[],
  before: ReadonlyMap<string, ProgramDefinition>,
): { readonly programs: ReadonlyMap<string, ProgramDefinition>; readonly errors: readonly DefinitionError[] } {
  const grouped = new Map(programs);
  const errors: DefinitionError[] = [];
  const takenBy = new Map<string, GroupDefinition>();
  const seen = new Map<string, GroupDefinition>();
  for (const group of groups) {
    const tell = (code: DefinitionError['code'], message: string): void => {
      errors.push({ code, place: group.source, message: `group.${group.name}: ${message}`, program: undefined });
    };
    const twin = seen.get(group.name);
    if (twin !== undefined) {
      tell('duplicate', `is defined already: ${twin.source.file}:${String(twin.source.line)}`);
      continue;
    }
    seen.set(group.name, group);
    const ofTheName = programs.get(group.name);
    if (ofTheName !== undefined && !group.programs.includes(group.name)) tell('duplicate', `a program has the name, and is in no other group: ${ofTheName.source.file}:${String(ofTheName.source.line)}`);
    for (const name of group.programs) {
      const program = programs.get(name);
      const other = takenBy.get(name);
      if (other !== undefined) tell('duplicate', `${name} is in the group ${other.name} already`);
      else if (program !== undefined) grouped.set(name, { ...program, group: group.name, groupPriority: group.priority });
      // One with an error is told of as such, and goes on as it was.
      else if (!before.has(name)) tell('unknown-program', `there is no program ${JSON.stringify(name)}${didYouMean(name, [...programs.keys()])}`);
      takenBy.set(name, group);
    }
  }
  return { programs: grouped, errors };
}

/** `; did you mean "x"?`, where something is near. */
export function didYouMean(name: string, known: readonly string[]): string {
  const [near] = nearNames(name, known);
  return near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`;
}
