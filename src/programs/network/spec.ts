import { createHash } from 'node:crypto';
import { mapObject, withMember } from '../../runtime/bundle/edit';
import { NETWORK_ANNOTATION, PORTS_ANNOTATION } from '../../runtime/bundle/network';
import { type JsonObject, isJsonObject } from '../../runtime/json';
import type { InputRun } from '../../sys/process/run-with-input';

/** A plugin that does not answer keeps a start no longer: seconds. */
const hookTimeoutSeconds = 60;
/** What the hook hears of the daemon's environment: where plugins and networks are (cnitool's names), and its own Node. */
const heard = ['PATH', 'CNI_PATH', 'NETCONFPATH'] as const;
/** What a container of an image finds its names by. */
const nameFiles = ['/etc/resolv.conf', '/etc/hosts'] as const;

/** What is needed to give a container its network. */
export interface NetworkPlace {
  /** Path of the `holdfast-network` program. */
  readonly hook: string;
  /** Where it keeps what it has made; gone with the boot. */
  readonly directory: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Of this container, and no other of this host. */
  readonly id: string;
  /** Whether this host has the file. */
  readonly isThere: (file: string) => boolean;
}

/** The id that plugins are told: theirs have no `:` or `+`. @param place of the state directory: other daemons have containers of the same name */
export function networkId(place: string, container: string): string {
  return `holdfast-${createHash('sha256').update(`${place}\0${container}`).digest('hex').slice(0, 24)}`;
}

/**
 * The spec of a program's container with what its network asks for: hooks that have plugins make and undo its interface, whoever creates and deletes it
 * (OCI runtime specification, "POSIX-platform Hooks"), and the host's files for who finds names with them. @param isOfImage its root is its own, so these can be put there
 */
export function networkedSpec(spec: JsonObject, place: NetworkPlace, isOfImage: boolean): JsonObject {
  const wanted = wantedOf(spec);
  const isCni = wanted !== undefined;
  const hooked = isCni ? mapObject(withMember(spec, 'hooks', spec['hooks'] ?? {}), 'hooks', (hooks) => hooksWith(hooks, place, wanted)) : spec;
  if (!isOfImage || !(isCni || isOfHost(spec))) return hooked;
  return withMember(hooked, 'mounts', [...listOf(spec['mounts']), ...nameMounts(spec, isCni, place)]);
}

/** Has what was made of a spec's network undone also where nothing says any more what that was; undefined: it has none of the plugins'. @see networkedSpec */
export function givingBack(spec: JsonObject, place: NetworkPlace): Omit<InputRun, 'input'> | undefined {
  const wanted = wantedOf(spec);
  if (wanted === undefined) return undefined;
  const { path, args, env, timeout } = hookOf('forget', place, wanted);
  return { command: [path, ...args.slice(1)], env: Object.fromEntries(env.map(({ name, value }) => [name, value])), timeoutMs: timeout * 1000 };
}

/** The name of the plugins' network, with its ports. */
function wantedOf(spec: JsonObject): readonly string[] | undefined {
  const annotations = isJsonObject(spec['annotations']) ? spec['annotations'] : {};
  const { [NETWORK_ANNOTATION]: name, [PORTS_ANNOTATION]: ports } = annotations;
  return typeof name === 'string' ? [name, ...(typeof ports === 'string' ? [ports] : [])] : undefined;
}

function hookOf(verb: 'add' | 'del' | 'forget', { hook, directory, environment, id }: NetworkPlace, wanted: readonly string[]) {
  const env = heard.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [{ name, value }];
  });
  return { path: hook, args: [hook, verb, id, directory, ...wanted], env, timeout: hookTimeoutSeconds };
}

function hooksWith(hooks: JsonObject, place: NetworkPlace, wanted: readonly string[]): JsonObject {
  const one = (verb: 'add' | 'del'): object => {
    const hook = hookOf(verb, place, wanted);
    return { ...hook, env: hook.env.map(({ name, value }) => `${name}=${value}`) };
  };
  return {
    ...hooks,
    createRuntime: [...listOf(hooks['createRuntime']), one('add')],
    poststop: [...listOf(hooks['poststop']), one('del')],
  };
}

/** Where it has a network of its own, the host's table of names is not its. */
function nameMounts(spec: JsonObject, isCni: boolean, { isThere }: NetworkPlace): readonly object[] {
  const taken = new Set(listOf(spec['mounts']).map((mount) => (isJsonObject(mount) ? mount['destination'] : undefined)));
  return nameFiles
    .filter((file) => !taken.has(file) && !(isCni && file === '/etc/hosts') && isThere(file))
    .map((file) => ({ destination: file, type: 'bind', source: file, options: ['rbind', 'ro'] }));
}

function isOfHost(spec: JsonObject): boolean {
  const linux = spec['linux'];
  const namespaces = isJsonObject(linux) ? listOf(linux['namespaces']) : [];
  return !namespaces.some((namespace) => isJsonObject(namespace) && namespace['type'] === 'network');
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
