import type * as Re2 from 're2js';

/** Finds a pattern anywhere in a text. */
export type Pattern = (text: string) => boolean;

/** A pattern that means itself, but for its anchors: so are those that dockerd sends. */
const literal = /^(\^?)([^\\^$.|?*+()[\]{}]*)(\$?)$/u;

/**
 * RE2's syntax, as its clients write it, and its promise: the time is linear to the text, whatever a client sends.
 * The package is loaded by the first pattern that needs it: it takes 10 MB.
 * @returns undefined for what is no regular expression
 */
export function patternOf(source: string): Pattern | undefined {
  const [, begin, text = '', end] = literal.exec(source) ?? [];
  if (begin !== undefined) {
    if (begin !== '') return end === '' ? (found) => found.startsWith(text) : (found) => found === text;
    return end === '' ? (found) => found.includes(text) : (found) => found.endsWith(text);
  }
  try {
    const compiled = engine().RE2JS.compile(source);
    return (found) => compiled.matcher(found).find();
  } catch {
    return undefined;
  }
}

function engine(): typeof Re2 {
  // An import would load it at the start.
  return require('re2js') as typeof Re2;
}
