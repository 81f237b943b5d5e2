import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { RuntimeError } from './errors';

// What dockerd of old calls its own copy, and the program of today that takes its place.
const LEGACY_NAME = 'docker-runc';
const NAME_OF_TODAY = 'runc';

/**
 * Finds the program of a runtime's name.
 * @param name a name to look up in PATH, or an absolute path
 * @param aliases the configuration's `[runtimes]`: a name there stands for its program
 * @param searchPath directories, as in PATH
 * @returns an absolute path
 * @throws RuntimeError `runtime-not-installed`
 */
export function resolveRuntime(
  name: string,
  aliases: ReadonlyMap<string, string>,
  searchPath = process.env['PATH'] ?? '',
): string {
  const program = aliases.get(name) ?? name;
  const found =
    findProgram(program, searchPath) ??
    (program === LEGACY_NAME ? findProgram(aliases.get(NAME_OF_TODAY) ?? NAME_OF_TODAY, searchPath) : undefined);
  if (found !== undefined) return found;
  throw new RuntimeError('runtime-not-installed', `${name} not installed on system`);
}

function findProgram(program: string, searchPath: string): string | undefined {
  // One that is there and may not be executed fails as that when it is run, not as missing.
  if (isAbsolute(program)) return existsSync(program) ? program : undefined;
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
