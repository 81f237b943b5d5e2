/**
 * A container is known by its namespace and its id. Inside of the daemon both are one string, its key: the id alone for the
 * containers of the legacy API, which knows no namespaces, and `<namespace>/<id>` for all others. Neither an id nor a
 * namespace holds a slash, so the two forms cannot be mistaken for each other.
 */
export type ContainerKey = string;

/** The namespace of the legacy API's containers. */
export const LEGACY_NAMESPACE = 'legacy';

/** A container's namespace and id. */
export interface ContainerName {
  readonly namespace: string;
  readonly id: string;
}

/** The key of a container. Both parts have been checked: neither is empty or holds a slash. */
export function keyOf({ namespace, id }: ContainerName): ContainerKey {
  return namespace === LEGACY_NAMESPACE ? id : `${namespace}/${id}`;
}

/** The parts of a key. */
export function nameOf(key: ContainerKey): ContainerName {
  const slash = key.indexOf('/');
  if (slash < 0) return { namespace: LEGACY_NAMESPACE, id: key };
  return { namespace: key.slice(0, slash), id: key.slice(slash + 1) };
}

/**
 * What a runtime calls a container of a namespace: runc knows no colon in an id, as the programs of a group have one. No id of a namespace holds a `+`, so that
 * no two become one (docs/agent.md).
 */
export function runtimeIdOf(id: string): string {
  return id.replaceAll(':', '+');
}

/** The id of a container of a namespace that a runtime calls so. */
export function idOfRuntime(runtimeId: string): string {
  return runtimeId.replaceAll('+', ':');
}

/** Whether the legacy API made it: its task goes with its end. Tasks of all others stay until they are deleted. */
export function isLegacy(key: ContainerKey): boolean {
  return !key.includes('/');
}
