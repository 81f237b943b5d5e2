import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCodeOf, messageOf } from '../../sys/thrown';
import { type DefinitionFile, readDefinitionFile, unreadableFile } from './read-file';

const MOST_BYTES = 4 << 20;
const MOST_AT_ONCE = 16;

/**
 * Reads all `*.toml` of a directory, by name; hidden ones are left out. Read on threads of the pool, a few at once. A directory that is not there has none; a file that
 * cannot be read is a broken one.
 */
export async function readDefinitionDirectory(directory: string): Promise<readonly DefinitionFile[]> {
  let names: readonly string[];
  try {
    names = (await readdir(directory)).filter((name) => name.endsWith('.toml') && !name.startsWith('.')).sort();
  } catch (error) {
    return errorCodeOf(error) === 'ENOENT' ? [] : [unreadableFile(directory, `cannot be read: ${messageOf(error)}`)];
  }
  return readDefinitionFiles(names.map((name) => join(directory, name)));
}

/** Reads files, in their order. */
export async function readDefinitionFiles(paths: readonly string[]): Promise<readonly DefinitionFile[]> {
  const files: DefinitionFile[] = [];
  for (let at = 0; at < paths.length; at += MOST_AT_ONCE) {
    files.push(...await Promise.all(paths.slice(at, at + MOST_AT_ONCE).map(readOne)));
  }
  return files;
}

async function readOne(path: string): Promise<DefinitionFile> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    return unreadableFile(path, `cannot be read: ${messageOf(error)}`);
  }
  if (bytes.length > MOST_BYTES) return unreadableFile(path, 'is larger than 4 MiB');
  try {
    return readDefinitionFile(path, new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    if (error instanceof TypeError && errorCodeOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA') return unreadableFile(path, 'is not UTF-8');
    throw error;
  }
}
