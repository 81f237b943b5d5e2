import { hostname } from 'node:os';
import { dirname } from 'node:path';
import type { ProcessDefinition, ProgramDefinition } from './definition';
import { expandTemplate } from './template';

/** A template with it gives each process a name of its own. */
export const numberReference = /\$\{(?:process_num|instance_number)[:}]/;

/** `group:process`; the process alone where both are the same, as supervisorctl shows it. */
export function fullNameOf(group: string, process: string): string {
  return group === process ? process : `${group}:${process}`;
}

/** @param numprocs instead of the definition's, as `scale` sets it */
export function processesOf(definition: ProgramDefinition, numprocs = definition.numprocs): readonly ProcessDefinition[] {
  return Array.from({ length: numprocs }, (_, at) => processOf(definition, definition.numprocsStart + at));
}

/** Their names, without anything else of them. */
export function processNamesOf(definition: ProgramDefinition, numprocs = definition.numprocs): readonly string[] {
  return Array.from({ length: numprocs }, (_, at) => nameOf(definition, definition.numprocsStart + at));
}

/** Their full names. */
export function fullNamesOf(definition: ProgramDefinition, numprocs = definition.numprocs): readonly string[] {
  return processNamesOf(definition, numprocs).map((name) => fullNameOf(definition.group, name));
}

/** Where `scale` has made several of one whose name has no number, the first keeps it, and the others have theirs behind it. */
function nameOf(definition: ProgramDefinition, number: number): string {
  const { processName, numprocsStart } = definition;
  const builtIns = builtInsOf(definition, number);
  const name = expandTemplate(processName, (each) => builtIns.get(each));
  const isOfAll = number !== numprocsStart && !numberReference.test(processName);
  return isOfAll ? `${name}_${builtIns.get('instance_number') ?? ''}` : name;
}

function processOf(definition: ProgramDefinition, number: number): ProcessDefinition {
  const { name, group, groupPriority, listener, source } = definition;
  const builtIns = builtInsOf(definition, number);
  const process = nameOf(definition, number);
  const settings = definition.settingsOf(builtIns);
  return { ...settings, fullName: fullNameOf(group, process), group, groupPriority, process, program: name, listener, number, builtIns, source };
}

/** What `${NAME}` means for a process, beside variables. */
export function builtInsOf({ name, group, source }: Pick<ProgramDefinition, 'name' | 'group' | 'source'>, number: number): ReadonlyMap<string, string> {
  return new Map([
    ['program_name', name],
    ['group_name', group],
    ['process_num', String(number)],
    // As in the name that it has where none is given: two digits.
    ['instance_number', String(number).padStart(2, '0')],
    ['host', hostname()],
    ['here', dirname(source.file)],
  ]);
}
