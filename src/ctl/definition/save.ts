import { existsSync, writeFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { stringify } from 'smol-toml';
import type { CtlError } from '../errors';
import { errorCodeOf } from '../../sys/thrown';
import { restartKeysOf } from './restart-policy';
import { type Given, variablesOf } from './definition';
import { type RunKind, type RunOptions, invalid } from './run-options';

/**
 * A definition file (TOML) for what a command line of `run` says.
 * @returns writes the file: to be called once the program has started
 */
export function definitionFile(file: string, kind: RunKind, given: Given, options: RunOptions): () => void {
  const path = resolve(file);
  if (existsSync(path)) throw isThere(path);
  const name = options.name ?? basename(path).replace(/\.toml$/, '');
  const text = definitionText(name, kind, given, options);
  return () => {
    try {
      writeFileSync(path, text, { flag: 'wx' });
    } catch (error) {
      throw errorCodeOf(error) === 'EEXIST' ? isThere(path) : error;
    }
  };
}

/** A definition file's text. */
export function definitionText(name: string, kind: RunKind, given: Given, options: RunOptions): string {
  return `${stringify({ program: { [name]: keysOf(kind, given, options) } })}\n`;
}

function isThere(path: string): CtlError {
  return invalid(`--save: ${path} is there already`, 'Choose another name, or remove it first.');
}

function keysOf(kind: RunKind, given: Given, options: RunOptions): Record<string, unknown> {
  const { user, label, tty, newPrivileges, pidNamespace, network, publish, memory, cpus, pids } = options;
  const [owner, group] = user?.split(':') ?? [];
  return defined({
    command: given.command.length === 0 ? undefined : given.command.map(plain),
    bundle: kind.is === 'bundle' ? kind.bundle : undefined,
    rootfs: kind.is === 'rootfs' ? kind.rootfs : undefined,
    image: kind.is === 'image' ? kind.image : undefined,
    directory: directoryOf(kind, options),
    user: owner,
    group,
    environment: tableOf(variablesOf(given, { ...options, tty: false })),
    terminal: tty,
    labels: tableOf(label ?? []),
    pid_namespace: kind.is === 'host' ? pidNamespace : undefined,
    no_new_privileges: newPrivileges ? undefined : true,
    network,
    publish,
    volumes: options.volume?.map((text) => plain(absoluteVolume(text))),
    hostname: options.hostname,
    entrypoint: options.entrypoint,
    pull: options.pull,
    read_only_paths: options.readOnly === true ? ['/'] : undefined,
    limits: tableOf(limitsOf(memory, cpus, pids)),
    ...restartKeysOf(options.restart),
  });
}

/** A relative source is one of this directory. */
function absoluteVolume(text: string): string {
  const end = text.indexOf(':');
  return `${resolve(text.slice(0, end))}${text.slice(end)}`;
}

function directoryOf(kind: RunKind, { cwd }: RunOptions): string | undefined {
  if (kind.is === 'host') return resolve(cwd ?? '.');
  return kind.is === 'bundle' ? undefined : cwd;
}

function limitsOf(memoryBytes: number | undefined, cpus: number | undefined, pids: number | undefined): Record<string, unknown> {
  return defined({ memory: memoryBytes === undefined ? undefined : sizeOf(memoryBytes), cpus, pids });
}

/** The largest unit that holds it exactly. */
function sizeOf(bytes: number): string {
  const unit = [30, 20, 10].find((shift) => bytes > 0 && bytes % 2 ** shift === 0);
  return unit === undefined ? `${bytes}b` : `${bytes / 2 ** unit}${unit === 30 ? 'g' : unit === 20 ? 'm' : 'k'}`;
}

/** Undefined where nothing is in it. */
function tableOf(entries: readonly string[] | Record<string, unknown>): Record<string, unknown> | undefined {
  const table = Array.isArray(entries) ? Object.fromEntries(entries.map(pairOf)) : (entries as Record<string, unknown>);
  return Object.keys(table).length === 0 ? undefined : table;
}

function pairOf(entry: string): readonly [string, string] {
  const at = entry.indexOf('=');
  return at < 0 ? [entry, ''] : [entry.slice(0, at), plain(entry.slice(at + 1))];
}

/** In a definition ${…} is replaced. */
function plain(text: string): string {
  return text.replaceAll('${', () => '$${');
}

function defined(table: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(table).filter(([, value]) => value !== undefined));
}
