import { readFileSync, readdirSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { matchesGlob } from '../text/glob';
import { messageOf } from '../../sys/thrown';
import { ConfigurationError, type IniSection, parseIni } from './ini';

/** All sections of a configuration and of the files that it includes. */
export interface Configuration {
  /** Directory of the main file: `%(here)s`. */
  readonly here: string;
  readonly files: readonly string[];
  readonly sections: readonly IniSection[];
}

/** @throws ConfigurationError also for a file that cannot be read */
export function readConfiguration(file: string): Configuration {
  const path = resolve(file);
  const here = dirname(path);
  const own = parseIni(path, textOf(path));
  const patterns = own.find(({ name }) => name === 'include')?.values.get('files')?.replaceAll('%(here)s', here).split(/\s+/).filter((pattern) => pattern !== '') ?? [];
  const included = [...new Set(patterns.flatMap((pattern) => filesOf(isAbsolute(pattern) ? pattern : join(here, pattern))))];
  // An included file can include nothing itself.
  const others = included.flatMap((each) => parseIni(each, textOf(each)).filter(({ name }) => name !== 'include'));
  return { here, files: [path, ...included], sections: merged([...own.filter(({ name }) => name !== 'include'), ...others]) };
}

/** Of a directory, and of what is read by a pattern, Node's own words name no file. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new ConfigurationError(`${path}: cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

/** Of a section that is there twice the later keys count. */
function merged(sections: readonly IniSection[]): readonly IniSection[] {
  const byName = new Map<string, Map<string, string>>();
  for (const { name, values } of sections) byName.set(name, new Map([...byName.get(name) ?? [], ...values]));
  return [...byName].map(([name, values]) => ({ name, values }));
}

/** What a pattern means, by name; stars are in the names of files and directories, and match no slash. */
function filesOf(pattern: string): readonly string[] {
  let found: readonly string[] = ['/'];
  const parts = pattern.split('/').filter((part) => part !== '');
  for (const part of parts) found = found.flatMap((directory) => (/[*?[]/.test(part) ? namesIn(directory).filter((name) => matchesGlob(part, name)) : [part]).map((name) => join(directory, name)));
  return found;
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).filter((name) => !name.startsWith('.')).sort();
  } catch {
    return [];
  }
}
