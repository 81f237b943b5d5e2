import { nearNames } from '../../runtime/text/near';
import type { DefinitionErrorCode } from './errors';
import { builtInNames, expandTemplate, parseReference, referencesOf } from './template';
import { type Read, isText, readDuration } from './values';

/** A path of keys from the top of the file. */
export type KeyPath = readonly (string | number)[];

/** Where a reader tells what is wrong, and what is known of what it reads. */
export interface ReaderContext {
  complain(code: DefinitionErrorCode, path: KeyPath, message: string): void;
  /** Of a process, whose texts are to be whole; undefined leaves them as they are. */
  readonly builtIns: ReadonlyMap<string, string> | undefined;
}

export type Table = Readonly<Record<string, unknown>>;

/**
 * Reads a TOML table key by key. What is wrong is told to the context, and is absent to the caller. `end` tells of keys that nobody
 * has asked for.
 */
export class TableReader {
  readonly #asked = new Set<string>();

  constructor(
    readonly context: ReaderContext,
    readonly path: KeyPath,
    readonly table: Table,
  ) {}

  /** As messages name it: `program.web`. */
  get name(): string {
    return this.path.join('.');
  }

  has(key: string): boolean {
    return this.table[key] !== undefined;
  }

  /** The value as it is; undefined where there is none. */
  raw(key: string): unknown {
    this.#asked.add(key);
    return this.table[key];
  }

  complain(code: DefinitionErrorCode, key: string | undefined, message: string): void {
    this.context.complain(code, key === undefined ? this.path : [...this.path, key], message);
  }

  /** Reads a value by a function of its own. */
  read<T>(key: string, read: (value: unknown) => Read<T>): T | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    const result = read(this.#expanded(key, value));
    if ('value' in result) return result.value;
    this.complain('bad-value', key, `${this.name}: ${key}: ${result.problem}`);
    return undefined;
  }

  text(key: string): string | undefined {
    return this.read(key, (value) => (isText(value) && value !== '' ? { value } : { problem: `expected a string that is not empty, not ${kindOf(value)}` }));
  }

  flag(key: string): boolean | undefined {
    return this.read(key, (value) => (typeof value === 'boolean' ? { value } : { problem: `expected true or false, not ${kindOf(value)}` }));
  }

  integer(key: string, least: number, most: number): number | undefined {
    return this.number(key, least, most, true);
  }

  number(key: string, least: number, most: number, whole = false): number | undefined {
    return this.read(key, (value) => {
      const isFine = typeof value === 'number' && value >= least && value <= most && (!whole || Number.isInteger(value));
      const range = most === Number.MAX_SAFE_INTEGER ? `${String(least)} or more` : `${String(least)} to ${String(most)}`;
      return isFine ? { value } : { problem: `expected a ${whole ? 'whole ' : ''}number, ${range}, not ${kindOf(value)}` };
    });
  }

  duration(key: string): number | undefined {
    return this.read(key, readDuration);
  }

  texts(key: string): readonly string[] | undefined {
    return this.read(key, (value) => (Array.isArray(value) && value.every((each) => isText(each) && each !== '')
      ? { value: value as string[] }
      : { problem: `expected an array of strings, not ${kindOf(value)}` }));
  }

  oneOf<T extends string>(key: string, values: readonly T[]): T | undefined {
    return this.read(key, (value) => {
      const found = values.find((each) => each === value);
      return found === undefined ? { problem: `expected ${listOf(values)}, not ${kindOf(value)}` } : { value: found };
    });
  }

  /** The names and texts of a table. */
  map(key: string): ReadonlyMap<string, string> | undefined {
    return this.read(key, (value) => {
      if (!isTable(value)) return { problem: `expected a table, not ${kindOf(value)}` };
      const entries = Object.entries(value);
      const wrong = entries.find(([, each]) => !isText(each));
      return wrong === undefined ? { value: new Map(entries as [string, string][]) } : { problem: `${wrong[0]}: expected a string, not ${kindOf(wrong[1])}` };
    });
  }

  /** A table of this one; undefined where there is none. The caller ends it. */
  inner(key: string): TableReader | undefined {
    const value = this.raw(key);
    if (value === undefined) return undefined;
    if (isTable(value)) return new TableReader(this.context, [...this.path, key], value);
    this.complain('bad-value', key, `${this.name}: ${key}: expected a table, not ${kindOf(value)}`);
    return undefined;
  }

  /** Tells of keys that nobody has asked for. @param known all keys that there could be */
  end(known: readonly string[] = [...this.#asked]): void {
    for (const key of Object.keys(this.table)) {
      if (this.#asked.has(key)) continue;
      const [near] = nearNames(key, known);
      this.complain('unknown-key', key, `unknown key ${JSON.stringify(key)} in ${this.name}${near === undefined ? '' : `; did you mean ${JSON.stringify(near)}?`}`);
    }
  }

  /** Each text of a value, whole; references that mean nothing are told. Variables' own are expanded at the start (`environment`). */
  #expanded(key: string, value: unknown): unknown {
    if (key === 'environment') return value;
    if (typeof value === 'string') return this.#expandText(key, value);
    if (Array.isArray(value)) return value.map((each: unknown) => this.#expanded(key, each));
    return isTable(value) ? Object.fromEntries(Object.entries(value).map(([name, each]) => [name, this.#expanded(key, each)])) : value;
  }

  #expandText(key: string, text: string): string {
    const isScript = key === 'command' && this.table['shell'] === true;
    for (const inner of isScript ? [] : referencesOf(text)) {
      const name = parseReference(inner)?.name;
      if (name !== undefined && (builtInNames as readonly string[]).includes(name)) continue;
      this.complain('bad-value', key, `${this.name}: ${key}: \${${inner}} means nothing here; known are ${builtInNames.join(', ')}; $\${ is a \${ of its own`);
    }
    const { builtIns } = this.context;
    return builtIns === undefined ? text : expandTemplate(text, (name) => builtIns.get(name));
  }
}

export function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
}

/** What a value is, for messages. */
export function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return 'a date';
  return typeof value === 'object' ? 'a table' : JSON.stringify(value);
}

function listOf(values: readonly string[]): string {
  return values.map((value) => JSON.stringify(value)).join(', ').replace(/, ([^,]*)$/, ' or $1');
}
