import { type Filter, matches } from '../filter/filter';

/** The event that none of its readers may miss. */
const exitTopic = '/tasks/exit';

/** Who waits for the exits of a namespace's tasks. */
export interface TaskSubscription {
  readonly name: string;
  readonly namespace: string;
}

/**
 * Whether filters say: all exits of one namespace's tasks, and whatever else. As dockerd's do, `namespace==moby,topic~=|^/tasks/|`. Who
 * subscribes with them is sent what it missed while it was away; the same words are the same subscriber.
 */
export function taskSubscription(filters: readonly string[], parsed: readonly Filter[]): TaskSubscription | undefined {
  const [only] = parsed;
  if (only === undefined || parsed.length > 1) return undefined;
  const namespace = onlyNamespace(parsed);
  if (namespace === undefined || !only.every(({ path }) => path.length === 1 && (path[0] === 'namespace' || path[0] === 'topic'))) return undefined;
  const takesExits = matches(parsed, ([field]) => (field === 'namespace' ? namespace : exitTopic));
  return takesExits ? { name: filters.join(), namespace } : undefined;
}

/** The namespace that all events are of that fit; undefined where they may be of several. */
export function onlyNamespace(filters: readonly Filter[]): string | undefined {
  const named = filters.map((filter) => filter.find(({ path, operator }) => operator === '==' && path.length === 1 && path[0] === 'namespace')?.value);
  return named.every((namespace) => namespace === named[0]) ? named[0] : undefined;
}
