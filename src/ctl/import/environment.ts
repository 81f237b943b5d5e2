const pair = /\s*([\w./+\-():]+)\s*=\s*("[^"]*"|'[^']*'|[\w./+\-():%$@]*)\s*(?:,|$)/y;

/** `KEY="value",OTHER=value`: quotes allow for commas. Undefined for what is none. */
export function parseVariables(text: string): Readonly<Record<string, string>> | undefined {
  const variables: Record<string, string> = {};
  const line = text.replaceAll('\n', ' ').trim();
  pair.lastIndex = 0;
  while (pair.lastIndex < line.length) {
    const [, name, value = ''] = pair.exec(line) ?? [];
    if (name === undefined) return undefined;
    variables[name] = value.replace(/^(["'])(.*)\1$/s, '$2');
  }
  return variables;
}
