/** Whether a name holds any of the characters that make it a pattern. */
export function isGlob(text: string): boolean {
  return /[*?[]/.test(text);
}

/** What one place of a pattern lets through: one character, or (`run`) any number of any. */
type Token = 'run' | ((character: string) => boolean);

/**
 * Whether `name` matches the shell pattern: `*`, `?`, `[abc]`, `[a-z]`, `[!abc]`, and a backslash
 * before a character that is meant literally. An unclosed bracket stands for itself.
 */
export function matchesGlob(pattern: string, name: string): boolean {
  const tokens = tokensOf([...pattern]);
  const characters = [...name];
  let token = 0;
  let at = 0;
  // Where to go on when it does not fit: the last run then takes one character more. Going back to
  // the last one is enough, so no pattern takes longer than its length times the name's.
  let retry: { token: number; at: number } | undefined;
  while (at < characters.length || token < tokens.length) {
    const current = tokens[token];
    const character = characters[at];
    if (current === 'run') {
      retry = { token, at: at + 1 };
      token += 1;
    } else if (current !== undefined && character !== undefined && current(character)) {
      token += 1;
      at += 1;
    } else if (retry !== undefined && retry.at <= characters.length) {
      ({ token, at } = retry);
    } else {
      return false;
    }
  }
  return true;
}

function tokensOf(pattern: readonly string[]): Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const character = pattern[at] ?? '';
    const end = character === '[' ? endOfSet(pattern, at) : undefined;
    if (character === '*') {
      tokens.push('run');
    } else if (character === '?') {
      tokens.push(() => true);
    } else if (end !== undefined) {
      tokens.push(setOf(pattern.slice(at + 1, end)));
      at = end;
    } else {
      if (character === '\\' && at + 1 < pattern.length) at += 1;
      const literal = pattern[at];
      tokens.push((other) => other === literal);
    }
  }
  return tokens;
}

/** The closing bracket of the set that opens at `start`; one that comes first belongs to the set. */
function endOfSet(pattern: readonly string[], start: number): number | undefined {
  const first = isNegation(pattern[start + 1]) ? start + 2 : start + 1;
  const end = pattern.indexOf(']', first + 1);
  return end === -1 ? undefined : end;
}

function isNegation(character: string | undefined): boolean {
  return character === '!' || character === '^';
}

function setOf(inside: readonly string[]): (character: string) => boolean {
  const negated = isNegation(inside[0]);
  const members = negated ? inside.slice(1) : inside;
  const ranges: (readonly [from: string, to: string])[] = [];
  for (let at = 0; at < members.length; at += 1) {
    const from = members[at] ?? '';
    const to = members[at + 1] === '-' ? members[at + 2] : undefined;
    ranges.push([from, to ?? from]);
    if (to !== undefined) at += 2;
  }
  return (character) => ranges.some(([from, to]) => from <= character && character <= to) !== negated;
}
