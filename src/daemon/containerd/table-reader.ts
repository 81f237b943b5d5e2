import { kindOf } from '../config-file';

/**
 * Reads a TOML table key by key, and keeps account of what is wrong, what is refused, and what nobody has asked for. Tables within share
 * that account. Names are dotted, as one would write them in the file.
 */
export class TableReader {
  readonly complaints: string[];
  readonly refused: string[];
  readonly #unused: string[];
  readonly #known = new Set<string>();
  readonly #tables: TableReader[] = [];

  constructor(
    private readonly name: string,
    private readonly content: Readonly<Record<string, unknown>>,
    parent?: TableReader,
  ) {
    this.complaints = parent?.complaints ?? [];
    this.refused = parent?.refused ?? [];
    this.#unused = parent === undefined ? [] : parent.#unused;
  }

  /** @returns '' where it is not there, and where it is wrong */
  string(key: string): string {
    return this.#read(key, 'a string', (value): value is string => typeof value === 'string' && !value.includes('\0')) ?? '';
  }

  integer(key: string, initial: number): number {
    return this.#read(key, 'a whole number', (value): value is number => Number.isInteger(value)) ?? initial;
  }

  boolean(key: string): boolean {
    return this.#read(key, 'true or false', (value): value is boolean => typeof value === 'boolean') ?? false;
  }

  strings(key: string): readonly string[] {
    const isTexts = (value: unknown): value is string[] => Array.isArray(value) && value.every((one) => typeof one === 'string');
    return this.#read(key, 'an array of strings', isTexts) ?? [];
  }

  /** An empty one where there is none. */
  table(key: string): TableReader {
    const isTable = (value: unknown): value is Record<string, unknown> => kindOf(value) === 'a table';
    const table = new TableReader(this.#path(key), this.#read(key, 'a table', isTable) ?? {}, this);
    this.#tables.push(table);
    return table;
  }

  keys(): readonly string[] {
    return Object.keys(this.content);
  }

  /** The table as it is, for another reader. */
  whole(): Readonly<Record<string, unknown>> {
    this.passAll();
    return this.content;
  }

  /** These keys may be there and change nothing. */
  pass(...keys: readonly string[]): void {
    for (const key of keys) this.#known.add(key);
  }

  passAll(): void {
    this.pass(...this.keys());
  }

  complain(key: string, what: string): void {
    this.complaints.push(`${this.#path(key)} ${what}`);
  }

  refuse(key: string, why: string): void {
    this.refused.push(`${this.#path(key)}: ${why}`);
  }

  /** It is known, and there is no use for it. */
  unused(key: string): void {
    this.#unused.push(this.#path(key));
  }

  /** What there was no use for, and what nobody has asked for. */
  unknown(): readonly string[] {
    return [...this.#unused, ...this.#unasked()];
  }

  #unasked(): string[] {
    const mine = this.keys().filter((key) => !this.#known.has(key)).map((key) => this.#path(key));
    return [...mine, ...this.#tables.flatMap((table) => table.#unasked())];
  }

  #read<T>(key: string, expected: string, is: (value: unknown) => value is T): T | undefined {
    this.#known.add(key);
    const value = this.content[key];
    if (value === undefined || is(value)) return value;
    this.complain(key, `must be ${expected}, not ${kindOf(value)}`);
    return undefined;
  }

  #path(key: string): string {
    const own = /^[\w-]+(\.[\w-]+)?$/.test(key) && !key.startsWith('io.') ? key : JSON.stringify(key);
    return this.name === '' ? own : `${this.name}.${own}`;
  }
}
