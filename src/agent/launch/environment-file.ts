/** What is wrong with a file of variables. */
export interface EnvironmentFileError {
  readonly line: number;
  readonly problem: string;
}

/** Variables in their order, or the first thing that is wrong. */
export type EnvironmentFileContent = { readonly variables: readonly (readonly [name: string, value: string])[] } | { readonly error: EnvironmentFileError };

const name = /^[A-Za-z_][A-Za-z0-9_]*$/;
const isBlank = (character: string): boolean => character === ' ' || character === '\t' || character === '\r';

/**
 * Reads variables as EnvironmentFile= of systemd.exec(5) has them: `NAME=value` in lines, comments with `#` and `;`, quotes, a backslash before the end of a line
 * goes on with it. What systemd passes over with a warning is an error here.
 */
export function parseEnvironmentFile(text: string): EnvironmentFileContent {
  const variables: [string, string][] = [];
  let at = 0;
  let line = 1;
  const next = (): string => {
    const character = text.charAt(at);
    at += 1;
    if (character === '\n') line += 1;
    return character;
  };
  while (at < text.length) {
    while (isBlank(text.charAt(at))) at += 1;
    const startLine = line;
    if (at >= text.length) break;
    if (text[at] === '\n') {
      next();
      continue;
    }
    if (text[at] === '#' || text[at] === ';') {
      skipComment();
      continue;
    }
    const end = text.slice(at).search(/[=\n]/);
    if (end < 0 || text[at + end] !== '=') return { error: { line: startLine, problem: 'expected NAME=value' } };
    const key = text.slice(at, at + end).trimEnd();
    if (!name.test(key)) return { error: { line: startLine, problem: `${JSON.stringify(key)} is no name of a variable` } };
    at += end + 1;
    const value = readValue();
    if (value === undefined) return { error: { line: startLine, problem: 'a quote is not closed' } };
    if (value.includes('\0')) return { error: { line: startLine, problem: 'a NUL is in the value' } };
    variables.push([key, value]);
  }
  return { variables };

  function skipComment(): void {
    while (at < text.length) {
      const character = next();
      if (character === '\\' && at < text.length) next();
      else if (character === '\n') return;
    }
  }

  /** Quoted and other parts, side by side; blanks before and after them are none. */
  function readValue(): string | undefined {
    let value = '';
    /** How much of it stays where blanks at the end go. */
    let kept = 0;
    let isBare = false;
    while (at < text.length) {
      const character = next();
      if (character === '\n') break;
      if (!isBare && (character === '"' || character === '\'')) {
        const part = character === '"' ? readDouble() : readSingle();
        if (part === undefined) return undefined;
        value += part;
        kept = value.length;
      } else if (character === '\\') {
        const escaped = next();
        if (escaped !== '\n') value += escaped;
        kept = value.length;
        isBare = true;
      } else if (isBlank(character)) {
        if (isBare) value += character;
      } else {
        value += character;
        kept = value.length;
        isBare = true;
      }
    }
    return value.slice(0, kept);
  }

  function readSingle(): string | undefined {
    const end = text.indexOf('\'', at);
    if (end < 0) return undefined;
    let part = '';
    while (at < end) part += next();
    next();
    return part;
  }

  function readDouble(): string | undefined {
    let part = '';
    while (at < text.length) {
      const character = next();
      if (character === '"') return part;
      if (character !== '\\') {
        part += character;
        continue;
      }
      const escaped = next();
      if (escaped === '\n') continue;
      part += /["\\`$]/.test(escaped) ? escaped : `\\${escaped}`;
    }
    return undefined;
  }
}
