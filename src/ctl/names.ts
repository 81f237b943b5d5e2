import type { Container } from '../api/gen/holdfast/v1/containers';
import type { DaemonClient } from './daemon/daemon-client';
import { isGlob, matchesGlob } from './text/glob';
import { errorJson } from './errors';
import { nearNames } from '../runtime/text/near';
import type { Tool } from './tool';

/** The name of a container's first process in the API. */
export const INIT = 'init';

/** Whether it is one that is remembered by its name, and started by it: also one that has never run. Containers of other APIs are theirs. */
export function isProgram({ namespace }: Pick<Container, 'namespace'>): boolean {
  return namespace === 'programs';
}

export interface Selection<T> {
  /** Each once, in the order of the names asked for, and of `known` within a pattern. */
  readonly matched: readonly T[];
  /** Names and patterns that nothing matches. */
  readonly unknown: readonly string[];
  /** Everything was asked for, or a pattern, or a group: names are not those that were typed. */
  readonly isWide: boolean;
}

/**
 * Finds what `names` mean among `known`. No name, or `all` among them, means everything; a name
 * may be a shell pattern, or a group's. A container that is really called `a*` is found by `a*`.
 */
export function selectByName<T extends { readonly name: string }>(known: readonly T[], names: readonly string[]): Selection<T> {
  if (names.length === 0 || names.includes('all')) return { matched: known, unknown: [], isWide: true };
  const matched = new Set<T>();
  const unknown: string[] = [];
  for (const name of names) {
    const found = known.filter((one) => isMeantBy(name, one.name));
    if (found.length === 0) unknown.push(name);
    for (const one of found) matched.add(one);
  }
  const isOne = (name: string): boolean => unknown.includes(name) || known.some((one) => one.name === name);
  return { matched: [...matched], unknown, isWide: names.some((name) => isGlob(name) || !isOne(name)) };
}

/** `web` is all processes of the group `web`, as is `web:*`; `web:web` is `web` where that is the whole of its group. */
function isMeantBy(asked: string, name: string): boolean {
  if (name === asked || name.startsWith(`${asked}:`)) return true;
  if (isGlob(asked) && matchesGlob(asked, name)) return true;
  const [group, process] = asked.split(':');
  return group === name && (process === '*' || process === name);
}

/** What `names` mean now, of all that the daemon knows; one that is named with a namespace of its own is looked for there. @param isBrief without their definitions and processes */
export async function selectContainers(daemon: DaemonClient, names: readonly string[], isBrief = false): Promise<Selection<Container> & { readonly known: readonly Container[] }> {
  const known = await daemon.containers(names.some((name) => name.includes('/')), isBrief);
  return { ...selectByName(known, names), known };
}

/** Says which names may have been meant, on stderr; nothing where none is near. */
export function suggestNames(tool: Tool, unknown: readonly string[], known: readonly Container[]): void {
  // A group's name is one, too.
  const names = [...new Set(known.flatMap(({ name }) => (name.includes(':') ? [name.split(':')[0] ?? '', name] : [name])))];
  const near = [...new Set(unknown.flatMap((name) => nearNames(name, names)))].slice(0, 3);
  if (near.length > 0) tool.hint(`Did you mean ${near.join(', ')}? Programs are listed by: holdfastctl ps -a`);
}

/** Says of names that there is nothing of them, on stderr, and which may have been meant; @param asJson an object a line, and nothing more */
export function explainUnknown(tool: Tool, unknown: readonly string[], known: readonly Container[], asJson: boolean): void {
  for (const name of unknown) {
    if (asJson) tool.io.stderr.write(`${errorJson({ code: 'no-such-process', message: `${name}: no such process`, about: name })}\n`);
    else tool.explain(`${name}: no such process`);
  }
  if (!asJson) suggestNames(tool, unknown, known);
}
