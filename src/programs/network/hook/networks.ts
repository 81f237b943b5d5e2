import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type JsonObject, isJsonObject, parseJson } from '../../../runtime/json';
import { errorCodeOf, messageOf } from '../../../sys/thrown';

/** A network as its file has it (CNI specification, "Network configuration format"). */
export interface NetworkList {
  readonly name: string;
  readonly cniVersion: string;
  /** In their order; each has a `type`. */
  readonly plugins: readonly JsonObject[];
}

/** Of a file that says none. */
const firstVersion = '0.1.0';

/** The network of that name; the first one, by the names of their files, where none is given. @throws Error that names the directory, or the file and what is wrong with it */
export function findNetwork(directory: string, name: string): NetworkList {
  const files = filesOf(directory);
  for (const file of files) {
    const network = readNetwork(join(directory, file));
    if (name === '' || network.name === name) return network;
  }
  throw new Error(name === '' ? `there is no CNI network in ${directory}` : `there is no CNI network ${name} in ${directory}`);
}

function filesOf(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((file) => /\.(?:conflist|conf|json)$/.test(file)).sort();
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** A list of plugins, or, as of old, one of them. @throws Error that names the file */
function readNetwork(path: string): NetworkList {
  try {
    return networkOf(parseJson(readFileSync(path, 'utf8')));
  } catch (error) {
    throw new Error(`${path}: ${messageOf(error)}`, { cause: error });
  }
}

/** @throws Error that says what is wrong */
export function networkOf(value: unknown): NetworkList {
  if (!isJsonObject(value)) throw new Error('not an object');
  const { name, cniVersion = firstVersion } = value;
  const plugins = value['plugins'] ?? [value];
  if (typeof name !== 'string' || name === '') throw new Error('name: expected a text');
  if (typeof cniVersion !== 'string') throw new Error('cniVersion: expected a text');
  if (!Array.isArray(plugins) || plugins.length === 0) throw new Error('plugins: expected a list');
  return { name, cniVersion, plugins: plugins.map((plugin: unknown, at) => pluginOf(plugin, at)) };
}

function pluginOf(plugin: unknown, at: number): JsonObject {
  // It becomes part of a path.
  if (!isJsonObject(plugin) || typeof plugin['type'] !== 'string' || !/^[A-Za-z0-9][A-Za-z0-9_.-]*$/.test(plugin['type'])) throw new Error(`plugins[${String(at)}].type: expected the name of a plugin`);
  return plugin;
}
