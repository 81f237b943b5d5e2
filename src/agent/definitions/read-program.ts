import type { ProgramDefinition, Settings, SourcePlace } from './definition';
import { readEvents } from './listener';
import { builtInsOf, numberReference } from './processes';
import { readSettings } from './settings';
import { type ReaderContext, TableReader } from './table-reader';

/** Of one program, by its definition or by scale. */
export const mostProcesses = 10_000;
const plainName = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Of programs, groups and processes: they become parts of paths, of arguments, and of a container's id. */
export function isProgramName(name: string): boolean {
  return plainName.test(name) && name.length <= 200;
}

/** What is known of a program beside its table. */
export interface ProgramHeader {
  readonly name: string;
  readonly isListener: boolean;
  readonly source: SourcePlace;
}

/** Reads `[program.NAME]` or `[eventlistener.NAME]`. What is wrong is told to the reader: then what is returned is of no use. */
export function readProgram(table: TableReader, { name, isListener, source }: ProgramHeader): ProgramDefinition {
  if (!isProgramName(name)) table.complain('bad-value', undefined, `${table.name}: ${JSON.stringify(name)} is no name of a program: letters, digits, and . _ - after the first are`);
  const settings = readSettings(table);
  const numprocs = table.integer('numprocs', 1, mostProcesses) ?? 1;
  const numprocsStart = table.integer('numprocs_start', 0, 1_000_000) ?? 0;
  const processName = table.text('process_name') ?? (numprocs > 1 ? '${program_name}_${process_num:02}' : '${program_name}');
  if (numprocs > 1 && !numberReference.test(processName)) {
    table.complain('contradiction', 'process_name', `${table.name}: process_name needs \${process_num}: with numprocs = ${String(numprocs)} all would have one name`);
  }
  const listener = isListener ? { events: readEvents(table) } : undefined;
  if (isListener) for (const key of ['stdin', 'terminal']) if (table.has(key)) table.complain('contradiction', key, `${table.name}: the ${key} of an event listener is the events'`);
  table.end();
  const definition: ProgramDefinition = {
    ...settings,
    ...(isListener ? { stdin: 'open' } : {}),
    name,
    listener,
    group: name,
    groupPriority: 999,
    numprocs,
    numprocsStart,
    processName,
    source,
    written: table.table,
    settingsOf: (builtIns) => expandedSettings(table, builtIns, isListener),
  };
  tellFirst(table, definition);
  return definition;
}

function expandedSettings(table: TableReader, builtIns: ReadonlyMap<string, string>, isListener: boolean, complain: ReaderContext['complain'] = () => undefined): Settings {
  const settings = readSettings(new TableReader({ complain, builtIns }, table.path, table.table));
  return isListener ? { ...settings, stdin: 'open' } : settings;
}

/** Whether its texts are what they are to be, once they are whole, shows the first process. */
function tellFirst(table: TableReader, definition: ProgramDefinition): void {
  if (!JSON.stringify(table.table).includes('${')) return;
  const told = new Set<string>();
  expandedSettings(table, builtInsOf(definition, definition.numprocsStart), false, (code, path, message) => {
    if (code === 'bad-value' && !told.has(message) && !message.includes('means nothing here')) table.context.complain(code, path, message);
    told.add(message);
  });
}
