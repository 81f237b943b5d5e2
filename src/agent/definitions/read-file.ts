import { TomlError, parse } from 'smol-toml';
import { nearNames } from '../../runtime/text/near';
import { messageOf } from '../../sys/thrown';
import type { ProgramDefinition, SourcePlace, Webhook } from './definition';
import type { DefinitionError, DefinitionErrorCode } from './errors';
import { isProgramName, readProgram } from './read-program';
import { type KeyPath, type Table, TableReader, isTable } from './table-reader';
import { type KeyPlace, pathKey, placesOf } from './toml-places';
import { readWebhook } from './webhook';

/** `[group.NAME]`. */
export interface GroupDefinition {
  readonly name: string;
  readonly programs: readonly string[];
  readonly priority: number;
  readonly source: SourcePlace;
}

/** What one file says. */
export interface DefinitionFile {
  readonly path: string;
  /** Those without an error, each name once. */
  readonly programs: readonly ProgramDefinition[];
  readonly groups: readonly GroupDefinition[];
  readonly webhooks: readonly Webhook[];
  readonly errors: readonly DefinitionError[];
  /** Nothing of it could be read: then it says nothing about what it has defined before. */
  readonly isBroken: boolean;
}

/** A file that cannot be read at all. */
export function unreadableFile(path: string, problem: string): DefinitionFile {
  return brokenFile(path, { code: 'unreadable', place: { file: path, line: 0, column: 0 }, message: problem, program: undefined });
}

function brokenFile(path: string, error: DefinitionError): DefinitionFile {
  return { path, programs: [], groups: [], webhooks: [], errors: [error], isBroken: true };
}

/** Reads the text of a definition file. All that is wrong is told, and what is right is read beside it. */
export function readDefinitionFile(path: string, source: string): DefinitionFile {
  try {
    return new FileReader(path, source, parse(source)).read();
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The lines after the first show the place in the file; the message is to be one line.
    const [what = ''] = messageOf(error).split('\n');
    return brokenFile(path, { code: 'toml', place: { file: path, line: error.line, column: error.column }, message: what, program: undefined });
  }
}

/** The sections that there are, and what is below each. */
const sections = ['program', 'eventlistener', 'group', 'webhook'];

class FileReader {
  readonly #errors: DefinitionError[] = [];
  #places: ReadonlyMap<string, KeyPlace> | undefined;

  constructor(
    readonly path: string,
    readonly source: string,
    readonly table: Table,
  ) {}

  read(): DefinitionFile {
    const top = this.#reader([], this.table, undefined);
    const programs = [...this.#inSection(top, 'program'), ...this.#inSection(top, 'eventlistener')].map(({ name, table }) => {
      const before = this.#errors.length;
      const program = readProgram(table, { name, isListener: table.path[0] === 'eventlistener', source: this.#placeOf(table.path) });
      return this.#errors.length === before ? program : undefined;
    });
    const groups = this.#inSection(top, 'group').map(({ name, table }) => this.#group(name, table));
    const webhooks = this.#inSection(top, 'webhook').map(({ name, table }) => {
      const before = this.#errors.length;
      const webhook = readWebhook(name, table, this.#placeOf(table.path));
      return this.#errors.length === before ? webhook : undefined;
    });
    this.#endTop(top);
    const isThere = <T>(each: T | undefined): each is T => each !== undefined;
    return {
      path: this.path,
      programs: programs.filter(isThere),
      groups: groups.filter(isThere),
      webhooks: webhooks.filter(isThere),
      errors: this.#errors,
      isBroken: false,
    };
  }

  #inSection(top: TableReader, section: string): readonly { readonly name: string; readonly table: TableReader }[] {
    const value = top.raw(section);
    if (value === undefined) return [];
    if (!isTable(value)) {
      top.complain('bad-value', section, `${section}: expected tables such as [${section}.web]`);
      return [];
    }
    return Object.entries(value).flatMap(([name, table]) => {
      const path = [section, name];
      const isProgram = section === 'program' || section === 'eventlistener';
      if (isTable(table)) return [{ name, table: this.#reader(path, table, isProgram ? name : undefined) }];
      this.#complain(undefined, 'bad-value', path, `${section}.${name}: expected a table: [${section}.${name}]`);
      return [];
    });
  }

  #endTop(top: TableReader): void {
    const keys = Object.keys(this.table).filter((key) => !sections.includes(key));
    // A key before the first table, or a section of another name: nothing of it can be meant.
    for (const key of keys) {
      const [near] = nearNames(key, sections);
      top.complain('unknown-key', key, `unknown key ${JSON.stringify(key)}${near === undefined ? '' : `; did you mean [${near}.…]?`}; a file has ${sections.map((section) => `[${section}.NAME]`).join(', ')}`);
    }
  }

  #group(name: string, table: TableReader): GroupDefinition | undefined {
    const before = this.#errors.length;
    if (!isProgramName(name)) table.complain('bad-value', undefined, `${table.name}: ${JSON.stringify(name)} is no name of a group: letters, digits, and . _ - after the first are`);
    const programs = table.texts('programs') ?? [];
    const priority = table.integer('priority', 0, 1_000_000) ?? 999;
    if (!table.has('programs')) table.complain('contradiction', undefined, `${table.name}: programs is missing`);
    table.end();
    return this.#errors.length === before ? { name, programs, priority, source: this.#placeOf(table.path) } : undefined;
  }

  #reader(path: KeyPath, table: Table, program: string | undefined): TableReader {
    const complain = (code: DefinitionErrorCode, at: KeyPath, message: string): void => { this.#complain(program, code, at, message); };
    return new TableReader({ complain, builtIns: undefined }, path, table);
  }

  #complain(program: string | undefined, code: DefinitionErrorCode, path: KeyPath, message: string): void {
    this.#errors.push({ code, program, place: this.#placeOf(path), message });
  }

  /** Of the key, or of what it stands in. */
  #placeOf(path: KeyPath): SourcePlace {
    this.#places ??= placesOf(this.source);
    for (let length = path.length; length > 0; length -= 1) {
      const place = this.#places.get(pathKey(path.slice(0, length)));
      if (place !== undefined) return { file: this.path, ...place };
    }
    return { file: this.path, line: 1, column: 1 };
  }
}
