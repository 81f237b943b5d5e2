import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type JsonObject, isJsonObject, parseJson, printJson } from '../../../runtime/json';
import type { NetworkList } from './networks';

/** What a plugin is called with (CNI specification, "CNI Operations"). */
export interface PluginCall {
  readonly command: 'ADD' | 'DEL';
  /** Directories, with `:` between them. */
  readonly path: string;
  readonly containerId: string;
  /** Path of the network namespace; empty: there is none any more. */
  readonly namespace: string;
  readonly ports: unknown;
}

/** Docker's name of it, which people look for. */
const interfaceName = 'eth0';
/** A plugin that does not answer is ended. */
const pluginMs = 30_000;
const mostOutputBytes = 1 << 20;

/** Calls one plugin. @param before what those before it have made @returns what there is now; undefined where it says nothing @throws Error with the plugin and what it says */
export function callPlugin({ name, cniVersion }: NetworkList, plugin: JsonObject, call: PluginCall, before: unknown): unknown {
  const type = String(plugin['type']);
  const program = call.path.split(':').filter((directory) => directory !== '').map((directory) => join(directory, type)).find((path) => existsSync(path));
  if (program === undefined) throw new Error(`there is no CNI plugin ${type} in ${call.path}`);
  const { status, signal, stdout, stderr, error } = spawnSync(program, [], {
    input: printJson({ ...plugin, name, cniVersion, ...(publishes(plugin) ? { runtimeConfig: { portMappings: call.ports } } : {}), ...(before === undefined ? {} : { prevResult: before }) }),
    env: { ...process.env, CNI_COMMAND: call.command, CNI_CONTAINERID: call.containerId, CNI_NETNS: call.namespace, CNI_IFNAME: interfaceName, CNI_PATH: call.path, CNI_ARGS: 'IgnoreUnknown=1' },
    timeout: pluginMs,
    killSignal: 'SIGKILL',
    maxBuffer: mostOutputBytes,
    encoding: 'utf8',
  });
  const result = resultOf(stdout);
  if (status === 0) return result;
  const said = isJsonObject(result) ? [result['msg'], result['details']].filter((text) => typeof text === 'string' && text !== '').join(': ') : '';
  throw new Error(`CNI plugin ${type}, ${call.command}: ${said || stderr.trim() || error?.message || `ended by ${String(signal ?? status)}`}`);
}

/** It is told of ports that are to lead to the container. */
export function publishes({ capabilities }: JsonObject): boolean {
  return isJsonObject(capabilities) && capabilities['portMappings'] === true;
}

function resultOf(stdout: string): unknown {
  try {
    return stdout.trim() === '' ? undefined : parseJson(stdout);
  } catch {
    return undefined;
  }
}
