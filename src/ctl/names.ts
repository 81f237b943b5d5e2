import { isGlob, matchesGlob } from './text/glob';

export interface Selection<T> {
  /** Each once, in the order of the names asked for, and of `known` within a pattern. */
  readonly matched: readonly T[];
  /** Names and patterns that nothing matches. */
  readonly unknown: readonly string[];
}

/**
 * Finds what `names` mean among `known`. No name, or `all` among them, means everything; a name
 * may be a shell pattern. A container that is really called `a*` is found by `a*`.
 */
export function selectByName<T extends { readonly id: string }>(known: readonly T[], names: readonly string[]): Selection<T> {
  if (names.length === 0 || names.includes('all')) return { matched: known, unknown: [] };
  const matched = new Set<T>();
  const unknown: string[] = [];
  for (const name of names) {
    const found = known.filter(({ id }) => id === name || (isGlob(name) && matchesGlob(name, id)));
    if (found.length === 0) unknown.push(name);
    for (const one of found) matched.add(one);
  }
  return { matched: [...matched], unknown };
}
