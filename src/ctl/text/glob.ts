/** Whether a name holds any of the characters that make it a pattern. */
export function isGlob(text: string): boolean {
  return /[*?[]/.test(text);
}

/**
 * Whether `name` matches the shell pattern: `*`, `?`, `[abc]`, `[a-z]`, `[!abc]`, and a backslash
 * before a character that is meant literally. An unclosed bracket stands for itself.
 */
export function matchesGlob(pattern: string, name: string): boolean {
  return new RegExp(`^${expressionOf(pattern)}$`, 'su').test(name);
}

function expressionOf(pattern: string): string {
  let expression = '';
  for (let at = 0; at < pattern.length; ) {
    const rest = pattern.slice(at);
    // A bracket right after the opening one (or after the "!") belongs to the set.
    const set = /^\[([!^]?)(\]?[^\]]*)\]/.exec(rest);
    if (set !== null && set[2] !== '') {
      expression += `[${set[1] === '' ? '' : '^'}${(set[2] ?? '').replace(/[\\\][&^~|]/g, '\\$&')}]`;
      at += set[0].length;
    } else if (rest.startsWith('\\') && rest.length > 1) {
      const character = [...rest.slice(1)][0] ?? '';
      expression += literal(character);
      at += 1 + character.length;
    } else {
      const character = [...rest][0] ?? '';
      expression += character === '*' ? '.*' : character === '?' ? '.' : literal(character);
      at += character.length;
    }
  }
  return expression;
}

function literal(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/]/, '\\$&');
}
