/** What a filter is made of. */
export interface Token {
  readonly kind: 'end' | 'quoted' | 'word' | 'value' | 'operator' | 'separator' | 'other';
  /** Of a literal what is in it, its escapes resolved. */
  readonly text: string;
  readonly position: number;
}

/** A filter that makes no sense: the message names the place, as clients have seen it before. */
export class FilterError extends Error {
  constructor(input: string, position: number, problem: string) {
    const [character = ''] = input.slice(position);
    const place = character === '' ? input : `${input.slice(0, position)} >|${character}|< ${input.slice(position + character.length)}`;
    super(`filters: parse error: [${place}]: ${problem}`);
    this.name = 'FilterError';
  }
}

/** What the Go language calls a space (unicode.IsSpace). */
const spaces = /[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]*/y;
const word = /[A-Za-z0-9_]+/y;
const operator = /[=!~]+/y;
/** From its second character on, a value is what can be seen (unicode.IsGraphic), without spaces and commas. */
const value = /[^](?:(?![,\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000\ufffd ])[\p{L}\p{M}\p{N}\p{P}\p{S}])*/uy;
const quotes = '"/|';
/** A character of a literal, or an escape: one that Go knows in a literal, one of too few digits, or anything else. */
const part = /\\(?:[abfnrtv\\]|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|[0-7]{3}|[xuU0-7]|[^])|[^]/uy;
const wholeEscape = /^\\(?:[abfnrtv\\]|x..|u.{4}|U.{8}|[0-7]{3})$/u;
const shortEscape = /^\\[xuU0-7]$/;
const named: ReadonlyMap<string, string> = new Map([['a', '\x07'], ['b', '\b'], ['f', '\f'], ['n', '\n'], ['r', '\r'], ['t', '\t'], ['v', '\v'], ['\\', '\\']]);

/** Takes a filter apart from left to right. Spaces before a token are passed over. */
export class Scanner {
  #position = 0;

  constructor(readonly input: string) {}

  /** Whether anything is left, be it spaces. */
  get isAtEnd(): boolean {
    return this.#position >= this.input.length;
  }

  /** The character that comes next, be it a space; empty at the end. */
  get nextCharacter(): string {
    return this.input.charAt(this.#position);
  }

  get position(): number {
    return this.#position;
  }

  /** The next token. @param literals quotes that may begin one here @throws FilterError */
  next(as: 'field' | 'value' = 'field', literals = '"'): Token {
    this.#take(spaces);
    const position = this.#position;
    const character = this.nextCharacter;
    if (character === '') return { kind: 'end', text: '', position };
    if (character === '\0') throw this.#error(position, 'unexpected null');
    if (character === '\ufffd') throw this.#error(position, 'rune error');
    if (quotes.includes(character)) return { kind: 'quoted', text: this.#literal(character, literals), position };
    if (character === ',' || character === '.') return { kind: 'separator', text: this.#take(/[,.]/y), position };
    const symbols = this.#take(operator);
    if (symbols !== '') return { kind: 'operator', text: symbols, position };
    if (as === 'value') return { kind: 'value', text: this.#take(value), position };
    const text = this.#take(word);
    return text === '' ? { kind: 'other', text, position } : { kind: 'word', text, position };
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#position;
    const text = pattern.exec(this.input)?.[0] ?? '';
    this.#position += text.length;
    return text;
  }

  #literal(quote: string, literals: string): string {
    const begin = this.#position;
    this.#position += 1;
    let text = '';
    let problem: string | undefined;
    for (let taken = this.#take(part); taken !== quote; taken = this.#take(part)) {
      if (taken === '' || taken === '\n' || taken === '\0') throw this.#error(begin, problem ?? (taken === '\0' ? 'unexpected null' : 'quoted literal not terminated'));
      if (!taken.startsWith('\\')) text += taken;
      else if (taken === `\\${quote}`) text += quote;
      else if (wholeEscape.test(taken)) text += this.#resolved(taken, begin);
      else problem ??= shortEscape.test(taken) ? 'illegal numeric escape sequence' : 'illegal escape sequence';
    }
    if (problem !== undefined) throw this.#error(begin, problem);
    if (!literals.includes(quote)) throw this.#error(begin, 'invalid quote encountered');
    return text;
  }

  #resolved(escape: string, begin: number): string {
    const kind = escape.charAt(1);
    const letter = named.get(kind);
    if (letter !== undefined) return letter;
    const isOctal = kind >= '0' && kind <= '7';
    const code = isOctal ? parseInt(escape.slice(1), 8) : parseInt(escape.slice(2), 16);
    if (code > (isOctal ? 0xff : 0x10ffff)) throw this.#error(begin, 'unquoting failed: quote syntax error');
    return String.fromCodePoint(code);
  }

  #error(position: number, problem: string): FilterError {
    return new FilterError(this.input, position, problem);
  }
}
