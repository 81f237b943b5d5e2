import { readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { type Mirrors, isMirrorOrigin } from '../images/registry/endpoint';
import { errorCodeOf, messageOf } from '../sys/thrown';
import { DaemonError } from './errors';
import { optionNames, options, type Option, type OptionName } from './settings';

export const DEFAULT_CONFIG_FILE = '/etc/holdfast/config.toml';

/** What a configuration file says; the values are of the right type, but not yet looked at. */
export interface ConfigFile {
  readonly path: string;
  /** Written as on the command line; only keys that are in the file. */
  readonly texts: ReadonlyMap<OptionName, readonly string[]>;
  /** The table `[runtimes]`: names that clients use, to programs. */
  readonly runtimes: ReadonlyMap<string, string>;
  /** The table `[mirrors]`: hosts of registries, to the mirrors that are asked before them. */
  readonly mirrors: Mirrors;
}

/**
 * Reads a TOML file whose keys are the flags' names, `[runtimes]` and `[mirrors]`.
 *
 * @returns undefined where there is no such file
 * @throws DaemonError `config-unreadable`; `config-invalid`, with all unknown keys and wrong types
 */
export function readConfigFile(path: string): ConfigFile | undefined {
  const source = readSource(path);
  return source === undefined ? undefined : parseConfig(path, source);
}

/** @returns undefined where there is no such file. @throws DaemonError `config-unreadable` */
export function readSource(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined;
    throw new DaemonError('config-unreadable', `cannot read the configuration: ${messageOf(error)}`, { cause: error });
  }
}

/** @param path for the messages only */
export function parseConfig(path: string, source: string): ConfigFile {
  const { complaints, ...read } = readTable(parseToml(path, source));
  if (complaints.length > 0) throw new DaemonError('config-invalid', `${path}: ${complaints.join('; ')}`);
  return { path, ...read };
}

/** Reads a table whose keys are the flags' names, `runtimes` and `mirrors`. @returns what is wrong with it, beside what it says */
export function readTable(table: Readonly<Record<string, unknown>>): Omit<ConfigFile, 'path'> & { readonly complaints: readonly string[] } {
  const complaints: string[] = [];
  const unknown: string[] = [];
  const texts = new Map<OptionName, readonly string[]>();
  let runtimes: ReadonlyMap<string, string> = new Map();
  let mirrors: Mirrors = new Map();
  for (const [key, value] of Object.entries(table)) {
    const name = optionNames.find((candidate) => options[candidate].flag === key);
    if (key === 'runtimes') {
      runtimes = readRuntimes(value, complaints);
    } else if (key === 'mirrors') {
      mirrors = readMirrors(value, complaints);
    } else if (name === undefined) {
      unknown.push(JSON.stringify(key));
    } else {
      const read = textsOf(options[name].shape, value);
      if (Array.isArray(read)) texts.set(name, read);
      else complaints.push(`${key} must be ${EXPECTED[options[name].shape]}, not ${kindOf(value)}`);
    }
  }
  if (unknown.length > 0) complaints.unshift(`unknown key${unknown.length > 1 ? 's' : ''} ${unknown.join(', ')}`);
  return { texts, runtimes, mirrors, complaints };
}

/** @throws DaemonError `config-invalid` that says where */
export function parseToml(path: string, source: string): Record<string, unknown> {
  try {
    return parse(source);
  } catch (error) {
    const where = error instanceof TomlError ? `${path}:${error.line}:${error.column}` : path;
    // The lines after the first show the place in the file; the message is to be one line.
    const [what = ''] = messageOf(error).split('\n');
    throw new DaemonError('config-invalid', `${where}: ${what}`, { cause: error });
  }
}

type Shape = Option<unknown>['shape'];

const EXPECTED: Readonly<Record<Shape, string>> = {
  boolean: 'true or false',
  integer: 'a whole number',
  string: 'a string',
  strings: 'an array of strings',
};

/** @returns undefined where the type is wrong */
function textsOf(shape: Shape, value: unknown): readonly string[] | undefined {
  switch (shape) {
    case 'boolean':
      return typeof value === 'boolean' ? [String(value)] : undefined;
    case 'integer':
      return Number.isInteger(value) ? [String(value)] : undefined;
    case 'string':
      return isText(value) ? [value] : undefined;
    case 'strings':
      if (isText(value)) return [value];
      return Array.isArray(value) && value.every(isText) ? value : undefined;
  }
}

/** No path, name or argument can hold a NUL, and a flag cannot say one either. */
function isText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}

function readRuntimes(value: unknown, complaints: string[]): ReadonlyMap<string, string> {
  const programs = new Map<string, string>();
  if (kindOf(value) !== 'a table') {
    complaints.push(`runtimes must be a table, not ${kindOf(value)}`);
    return programs;
  }
  for (const [name, program] of Object.entries(value as object)) {
    if (isText(program) && program !== '') programs.set(name, program);
    else complaints.push(`runtimes.${JSON.stringify(name)} must be the name or path of a program, not ${kindOf(program)}`);
  }
  return programs;
}

function readMirrors(value: unknown, complaints: string[]): Mirrors {
  const mirrors = new Map<string, readonly string[]>();
  if (kindOf(value) !== 'a table') {
    complaints.push(`mirrors must be a table, not ${kindOf(value)}`);
    return mirrors;
  }
  for (const [host, said] of Object.entries(value as object)) {
    const origins = textsOf('strings', said);
    if (origins?.every(isMirrorOrigin) === true) mirrors.set(host, origins);
    else complaints.push(`mirrors.${JSON.stringify(host)} must be an array of addresses such as "https://mirror.example" (http:// for localhost alone)`);
  }
  return mirrors;
}

/** What a value is, for messages. */
export function kindOf(value: unknown): string {
  if (value === '') return 'an empty string';
  if (typeof value === 'string') return isText(value) ? 'a string' : 'a string with a NUL';
  if (Array.isArray(value)) return 'an array';
  if (value instanceof Date) return 'a date';
  return typeof value === 'object' ? 'a table' : `${typeof value} ${String(value)}`;
}
