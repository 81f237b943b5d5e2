import { closeSync, mkdirSync, openSync, readFileSync, renameSync, rmSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isJsonObject, parseJson, printJson } from '../../../runtime/json';
import { errorCodeOf, messageOf } from '../../../sys/thrown';
import { mount, unmount } from '../../../sys/files/mount';
import { type NetworkList, findNetwork, networkOf } from './networks';
import { callPlugin, publishes } from './plugin';

const MS_BIND = 0x1000;

/** A container's place in a network. */
export interface Place {
  readonly id: string;
  /** Where it is written down what was made; gone with the boot. */
  readonly directory: string;
  /** Empty: the first one. */
  readonly network: string;
  /** Ports of this host that lead to it: the list of the plugins' capability. */
  readonly ports: unknown;
  /** Of networks' files. */
  readonly networks: string;
  /** Of plugins. */
  readonly path: string;
}

/** What was made, and by what: a configuration may be another one by the time that it is undone. */
interface Made {
  readonly network: NetworkList;
  readonly ports: unknown;
  /** Undefined: a plugin was at it. */
  readonly result: unknown;
}

/**
 * Has the plugins of a network make an interface in the network namespace of a process. The namespace is kept by a mount until it is undone: without it, plugins leave rules of a
 * firewall behind. @throws Error with what is wrong; then nothing of it is left
 */
export function attach(place: Place, pid: number): void {
  const network = findNetwork(place.networks, place.network);
  const { ports } = place;
  if (Array.isArray(ports) && ports.length > 0 && !network.plugins.some(publishes)) throw new Error(`no plugin of the CNI network ${network.name} publishes ports: portmap does`);
  // Of a run that nobody could undo, or of another boot: addresses that it had are taken.
  undo(place, readMade(place) ?? { network, ports, result: undefined });
  const namespace = pin(place, pid);
  try {
    note(place, { network, ports, result: undefined });
    let result: unknown;
    for (const plugin of network.plugins) result = callPlugin(network, plugin, { command: 'ADD', path: place.path, containerId: place.id, namespace, ports }, result) ?? result;
    note(place, { network, ports, result });
  } catch (error) {
    try {
      detach(place);
    } catch {
      // What was wrong first is what is told; the next attachment undoes what this one has left.
    }
    throw error;
  }
}

/** Has all of it undone, as far as it can be. @returns what could not @throws the system's error */
export function detach(place: Place): readonly string[] {
  const made = readMade(place);
  const failures = made === undefined ? [] : undo(place, made);
  unpin(place);
  rmSync(noteOf(place), { force: true });
  try {
    rmdirSync(place.directory);
  } catch {
    // Those of others are there, or none ever was.
  }
  return failures;
}

/** {@link detach}, and where nothing says what was made, as it was in another boot, what this network would have made. @throws Error where there is no such network any more */
export function giveBack(place: Place): readonly string[] {
  if (readMade(place) !== undefined) return detach(place);
  return undo(place, { network: findNetwork(place.networks, place.network), ports: place.ports, result: undefined });
}

/** In the other order. One that cannot does not keep the others from it. */
function undo(place: Place, { network, ports, result }: Made): readonly string[] {
  const namespace = isPinned(place) ? pinOf(place) : '';
  return network.plugins.toReversed().flatMap((plugin) => {
    try {
      callPlugin(network, plugin, { command: 'DEL', path: place.path, containerId: place.id, namespace, ports }, result);
      return [];
    } catch (error) {
      return [messageOf(error)];
    }
  });
}

function pin(place: Place, pid: number): string {
  unpin(place);
  const path = pinOf(place);
  while (!makeIn(place.directory, path));
  mount({ source: `/proc/${String(pid)}/ns/net`, target: path, type: '', flags: MS_BIND, data: '' });
  return path;
}

/** @returns false where the directory has just been taken away with the last one in it */
function makeIn(directory: string, path: string): boolean {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(path, 'w', 0o600));
    return true;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function unpin(place: Place): void {
  unmount(pinOf(place), 'lazily');
  rmSync(pinOf(place), { force: true });
}

function isPinned(place: Place): boolean {
  try {
    closeSync(openSync(pinOf(place), 'r'));
    return true;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}

function note(place: Place, made: Made): void {
  const path = noteOf(place);
  writeFileSync(`${path}.new`, printJson(made), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Undefined where there is none, or none that can be read. */
function readMade(place: Place): Made | undefined {
  try {
    const made = parseJson(readFileSync(noteOf(place), 'utf8'));
    return isJsonObject(made) ? { network: networkOf(made['network']), ports: made['ports'], result: made['result'] } : undefined;
  } catch {
    return undefined;
  }
}

function noteOf({ directory, id }: Place): string {
  return join(directory, `${id}.json`);
}

function pinOf({ directory, id }: Place): string {
  return join(directory, id);
}
