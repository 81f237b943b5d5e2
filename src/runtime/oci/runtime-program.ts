import { accessSync, constants, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { errorCodeOf } from '../../sys/thrown';
import { RuntimeError } from '../errors';
import type { ForeignFiles } from '../foreign/foreign-files';
import { isHostRuntime } from '../host/host-name';

// What dockerd of old calls its own copy, and the program of today that takes its place.
const LEGACY_NAME = 'docker-runc';
const NAME_OF_TODAY = 'runc';

/**
 * Finds the program of a runtime's name, and looks whether it is there.
 * Rejects with RuntimeError `runtime-not-installed`, or as ForeignFiles.findProgram.
 */
export async function locateRuntime(
  foreign: Pick<ForeignFiles, 'checkProgram'>,
  name: string,
  aliases: ReadonlyMap<string, string>,
  signal?: AbortSignal,
): Promise<string> {
  const program = resolveRuntime(name, aliases);
  if (isHostRuntime(program)) return program;
  try {
    // One that is there and may not be executed fails as that when it is run, not as missing.
    await foreign.checkProgram(program, signal);
    return program;
  } catch (cause) {
    const code = errorCodeOf(cause);
    throw code === 'ENOENT' || code === 'ENOTDIR' ? notInstalled(name, cause) : cause;
  }
}

/**
 * Which program a runtime's name stands for.
 * @param name a name to look up in PATH, or an absolute path: at what clients name so, nobody looks here
 * @param aliases the configuration's `[runtimes]`: a name there stands for its program
 * @param searchPath directories, as in PATH
 * @returns an absolute path; the runtime of host programs, which has none, by its name
 * @throws RuntimeError `runtime-not-installed`
 */
export function resolveRuntime(
  name: string,
  aliases: ReadonlyMap<string, string>,
  searchPath = process.env['PATH'] ?? '',
): string {
  if (isHostRuntime(name)) return name;
  const program = aliases.get(name) ?? name;
  const found =
    findProgram(program, searchPath) ??
    (program === LEGACY_NAME ? findProgram(aliases.get(NAME_OF_TODAY) ?? NAME_OF_TODAY, searchPath) : undefined);
  if (found !== undefined) return found;
  throw notInstalled(name);
}

function notInstalled(name: string, cause?: unknown): RuntimeError {
  return new RuntimeError('runtime-not-installed', `${name} not installed on system`, { cause });
}

function findProgram(program: string, searchPath: string): string | undefined {
  if (isAbsolute(program)) return program;
  // A relative path would depend on where the daemon was started.
  if (program === '' || program.includes('/')) return undefined;
  return searchPath
    .split(':')
    .filter((directory) => isAbsolute(directory))
    .map((directory) => join(directory, program))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    // Told apart without an error being made for each directory of PATH that does not have it.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return false;
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
