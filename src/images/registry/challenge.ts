/** What a server wants to see before it answers (RFC 9110, 11.6.1). */
export interface Challenge {
  /** In small letters. */
  readonly scheme: string;
  /** By their names in small letters. */
  readonly params: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameter = new RegExp(`^\\s*(${token})\\s*=\\s*(?:"((?:[^"\\\\]|\\\\.)*)"|(${token}))\\s*`);
const scheme = new RegExp(`^\\s*(${token})(?=\\s|,|$)\\s*`);

/** The challenges in the values of WWW-Authenticate. What cannot be read ends what is read of a value: a server that says nonsense has said nothing more. */
export function challengesOf(values: readonly string[]): readonly Challenge[] {
  return values.flatMap(challengesIn);
}

function challengesIn(value: string): readonly Challenge[] {
  const challenges: { readonly scheme: string; readonly params: Map<string, string> }[] = [];
  let rest = value;
  while (rest !== '') {
    const last = challenges.at(-1);
    const found = last === undefined ? null : parameter.exec(rest);
    const begun = found === null ? scheme.exec(rest) : null;
    const [matched, name = '', quoted, bare = ''] = found ?? begun ?? [];
    if (matched === undefined) break;
    if (found === null) challenges.push({ scheme: name.toLowerCase(), params: new Map() });
    else last?.params.set(name.toLowerCase(), quoted?.replace(/\\(.)/gs, '$1') ?? bare);
    rest = rest.slice(matched.length).replace(/^[\s,]+/, '');
  }
  return challenges;
}
