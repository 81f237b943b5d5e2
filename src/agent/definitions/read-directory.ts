import { readFile, readdir, stat } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { errorCodeOf, messageOf } from '../../sys/thrown';
import { type DefinitionFile, readDefinitionFile, unreadableFile } from './read-file';

const MOST_BYTES = 4 << 20;
const MOST_AT_ONCE = 16;

// Those of fs/promises take two and a half times the processor time for a small file.
const bytesOf = promisify(readFile);
const namesIn = promisify(readdir);
const factsOf = promisify(stat);

/** What was read of a file, and what that says. */
interface Read {
  readonly bytes: Buffer;
  readonly file: DefinitionFile;
}

/**
 * A directory of definition files, which is read again and again: all `*.toml` of it, by name; hidden ones are left out. What a file says follows from its bytes
 * alone, so one that has the same bytes as the last time says the same: most of five hundred files are read in a third of the time. Read on threads of the pool, a few at once.
 */
export class DefinitionDirectory {
  #last: ReadonlyMap<string, Read> = new Map();

  constructor(private readonly path: string) {}

  /** Whether there are files, whatever they say. */
  async hasFiles(): Promise<boolean> {
    return (await this.#names().catch(() => [])).length > 0;
  }

  /** A directory that is not there has none; a file that cannot be read is a broken one. */
  async read(): Promise<readonly DefinitionFile[]> {
    let names: readonly string[];
    try {
      names = await this.#names();
    } catch (error) {
      return errorCodeOf(error) === 'ENOENT' ? [] : [unreadableFile(this.path, `cannot be read: ${messageOf(error)}`)];
    }
    const paths = names.map((name) => join(this.path, name));
    const now = new Map<string, Read>();
    const files = await inGroups(paths, (path) => readOne(path, this.#last.get(path), (read) => now.set(path, read)));
    this.#last = now;
    return files;
  }

  async #names(): Promise<readonly string[]> {
    return (await namesIn(this.path)).filter((name) => name.endsWith('.toml') && !name.startsWith('.')).sort();
  }
}

/** Reads files, in their order. */
export function readDefinitionFiles(paths: readonly string[]): Promise<readonly DefinitionFile[]> {
  return inGroups(paths, (path) => readOne(path, undefined, () => undefined));
}

async function inGroups(paths: readonly string[], read: (path: string) => Promise<DefinitionFile>): Promise<readonly DefinitionFile[]> {
  const files: DefinitionFile[] = [];
  for (let at = 0; at < paths.length; at += MOST_AT_ONCE) files.push(...await Promise.all(paths.slice(at, at + MOST_AT_ONCE).map(read)));
  return files;
}

/** @param last of the same path @param keep told of what is read */
async function readOne(path: string, last: Read | undefined, keep: (read: Read) => void): Promise<DefinitionFile> {
  let bytes: Buffer;
  try {
    // At a FIFO a reader may wait for ever, and a device may have no end.
    const facts = await factsOf(path);
    if (!facts.isFile()) return unreadableFile(path, 'is no plain file');
    if (facts.size > MOST_BYTES) return unreadableFile(path, 'is larger than 4 MiB');
    bytes = await bytesOf(path);
  } catch (error) {
    return unreadableFile(path, `cannot be read: ${messageOf(error)}`);
  }
  if (bytes.length > MOST_BYTES) return unreadableFile(path, 'is larger than 4 MiB');
  try {
    const file = last?.bytes.equals(bytes) === true ? last.file : readDefinitionFile(path, new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    keep({ bytes, file });
    return file;
  } catch (error) {
    if (error instanceof TypeError && errorCodeOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA') return unreadableFile(path, 'is not UTF-8');
    throw error;
  }
}
