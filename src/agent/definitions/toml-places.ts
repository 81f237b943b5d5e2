/** Where a key of a TOML text stands. Lines and columns begin with 1. */
export interface KeyPlace {
  readonly line: number;
  readonly column: number;
}

/** A path of keys, and of indexes of arrays, as one string. */
export function pathKey(path: readonly (string | number)[]): string {
  return path.join('\0');
}

/**
 * Where each key of a TOML text stands, which parsers do not tell: tables, keys, members of inline tables and of arrays, by `pathKey`.
 * @param source a text that a parser has taken; of another the places mean nothing
 */
export function placesOf(source: string): ReadonlyMap<string, KeyPlace> {
  return new Scanner(source).scan();
}

type Path = readonly (string | number)[];

const bareEnd = /[,\]}\n#]/;

class Scanner {
  readonly #source: string;
  readonly #places = new Map<string, KeyPlace>();
  /** How many tables each array of tables has. */
  readonly #tables = new Map<string, number>();
  #at = 0;
  #line = 1;
  #lineStart = 0;
  /** How far lines have been counted. */
  #counted = 0;

  constructor(source: string) {
    this.#source = source;
  }

  scan(): ReadonlyMap<string, KeyPlace> {
    let table: Path = [];
    for (;;) {
      this.#skipBlank(true);
      if (this.#at >= this.#source.length) return this.#places;
      const before = this.#at;
      if (this.#source[this.#at] === '[') table = this.#header();
      else this.#pair(table);
      // Only a text that is no TOML gets here.
      if (this.#at === before) return this.#places;
    }
  }

  #header(): Path {
    const start = this.#at;
    const isArray = this.#source.startsWith('[[', start);
    this.#at += isArray ? 2 : 1;
    const path = this.#resolve(this.#key());
    this.#at = this.#indexOf(isArray ? ']]' : ']') + (isArray ? 2 : 1);
    // A table that is there by its inner ones alone stands where the first of them does.
    for (let length = 1; length < path.length; length += 1) this.#note(path.slice(0, length), start);
    if (!isArray) {
      this.#places.delete(pathKey(path));
      this.#note(path, start);
      return path;
    }
    const index = this.#tables.get(pathKey(path)) ?? 0;
    this.#tables.set(pathKey(path), index + 1);
    this.#note([...path, index], start);
    return [...path, index];
  }

  /** Names of arrays of tables mean their last one. */
  #resolve(keys: readonly string[]): Path {
    const path: (string | number)[] = [];
    for (const [at, key] of keys.entries()) {
      path.push(key);
      const count = this.#tables.get(pathKey(path));
      if (count !== undefined && at < keys.length - 1) path.push(count - 1);
    }
    return path;
  }

  #pair(table: Path): void {
    const start = this.#at;
    const keys = this.#key();
    for (let length = 1; length <= keys.length; length += 1) this.#note([...table, ...keys.slice(0, length)], start);
    this.#at = this.#indexOf('=') + 1;
    this.#value([...table, ...keys]);
  }

  /** A dotted key: from here up to what is none. */
  #key(): string[] {
    const keys: string[] = [];
    for (;;) {
      this.#skipBlank(false);
      const quote = this.#source[this.#at];
      if (quote === '"' || quote === '\'') {
        const start = this.#at;
        this.#string();
        const text = this.#source.slice(start, this.#at);
        keys.push(quote === '"' ? unescape(text) : text.slice(1, -1));
      } else {
        const [bare = ''] = /^[A-Za-z0-9_-]*/.exec(this.#source.slice(this.#at, this.#at + 1024)) ?? [];
        this.#at += bare.length;
        keys.push(bare);
      }
      this.#skipBlank(false);
      if (this.#source[this.#at] !== '.') return keys;
      this.#at += 1;
    }
  }

  #value(path: Path): void {
    this.#skipBlank(false);
    const first = this.#source[this.#at];
    if (first === '"' || first === '\'') this.#string();
    else if (first === '[') this.#members(']', (index) => { this.#element(path, index); });
    else if (first === '{') this.#members('}', () => { this.#pair(path); });
    else while (this.#at < this.#source.length && !bareEnd.test(this.#source.charAt(this.#at))) this.#at += 1;
  }

  #element(path: Path, index: number): void {
    this.#note([...path, index], this.#at);
    this.#value([...path, index]);
  }

  #members(end: ']' | '}', read: (index: number) => void): void {
    this.#at += 1;
    for (let index = 0; ; index += 1) {
      this.#skipBlank(true);
      if (this.#at >= this.#source.length || this.#source[this.#at] === end) break;
      const before = this.#at;
      read(index);
      this.#skipBlank(true);
      if (this.#source[this.#at] === ',') this.#at += 1;
      if (this.#at === before) break;
    }
    this.#at += 1;
  }

  #string(): void {
    const quote = this.#source.charAt(this.#at);
    const isLong = this.#source.startsWith(quote.repeat(3), this.#at);
    const end = isLong ? quote.repeat(3) : quote;
    this.#at += end.length;
    while (this.#at < this.#source.length && !this.#source.startsWith(end, this.#at)) {
      this.#at += quote === '"' && this.#source[this.#at] === '\\' ? 2 : 1;
    }
    this.#at += end.length;
    // A long string may end with quotes of its own before the last three.
    while (isLong && this.#source[this.#at] === quote) this.#at += 1;
  }

  #skipBlank(newlines: boolean): void {
    for (;;) {
      const character = this.#source[this.#at];
      if (character === '#' && newlines) this.#at = this.#indexOf('\n');
      else if (character === ' ' || character === '\t' || character === '\uFEFF' || (newlines && (character === '\n' || character === '\r'))) this.#at += 1;
      else return;
    }
  }

  #indexOf(text: string): number {
    const found = this.#source.indexOf(text, this.#at);
    return found < 0 ? this.#source.length : found;
  }

  /** The first place counts. */
  #note(path: Path, at: number): void {
    while (this.#counted < at) {
      if (this.#source[this.#counted] === '\n') {
        this.#line += 1;
        this.#lineStart = this.#counted + 1;
      }
      this.#counted += 1;
    }
    const key = pathKey(path);
    if (!this.#places.has(key)) this.#places.set(key, { line: this.#line, column: at - this.#lineStart + 1 });
  }
}

/** Of a quoted key, in which escapes are rare: JSON's cover most of TOML's. */
function unescape(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted.slice(1, -1);
  }
}
