import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, rm, rmdir, statfs, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Turns } from '../../sys/turns';
import { errorCodeOf, messageOf } from '../../sys/thrown';
import type { Secret } from '../definitions/definition';
import { LaunchError } from './errors';

/** File systems that are in memory alone: statfs(2). */
const inMemory = new Set([0x01021994 /* tmpfs */, 0x858458f6 /* ramfs */]);

/** The secrets of programs that are files, as long as they run: one directory each, in memory, which nobody but the program's user can read. */
export class Credentials {
  readonly #turns = new Turns();

  /** @param places of the directory for all of them: the first that is in memory counts @param read for the files that definitions name */
  constructor(private readonly places: readonly string[], private readonly read: (path: string) => Promise<Buffer>) {}

  /** For $CREDENTIALS_DIRECTORY. @throws LaunchError `secret` where nothing is in memory */
  async directoryOf(name: string): Promise<string> {
    for (const place of this.places) if (await isInMemory(dirname(place))) return directoryIn(place, name);
    const tried = this.places.map((place) => dirname(place)).join(' and ');
    throw new LaunchError('secret', name, `secrets: ${tried} are no file systems in memory: they would be written to a disk`);
  }

  /** Writes them anew. @throws LaunchError `secret` for what cannot be read; the system's error */
  async put(name: string, uid: number, secrets: readonly Secret[]): Promise<void> {
    const directory = await this.directoryOf(name);
    const contents = await Promise.all(secrets.map(async (secret) => ({ path: join(directory, secret.name), content: await this.#read(name, secret) })));
    await this.#turns.run('', async () => {
      await rm(directory, { recursive: true, force: true });
      await makeOwn(dirname(directory));
      await mkdir(directory, { mode: 0o700 });
      for (const { path, content } of contents) {
        await writeFile(path, content, { mode: 0o400, flag: 'wx' });
        await chown(path, uid, 0);
      }
      await chown(directory, uid, 0);
      await chmod(directory, 0o500);
    });
  }

  /** Nobody has a use for them any more. One that has none is fine. */
  async remove(name: string): Promise<void> {
    await this.#turns.run('', async () => {
      for (const place of this.places) {
        await rm(directoryIn(place, name), { recursive: true, force: true });
        // With the last one goes the place of all.
        await rmdir(place).catch(() => undefined);
      }
    });
  }

  async #read(program: string, { name, file }: Secret): Promise<Buffer> {
    try {
      return await this.read(file);
    } catch (cause) {
      throw new LaunchError('secret', program, `secrets: ${name}: its file cannot be read: ${messageOf(cause)}`, { cause });
    }
  }
}

function directoryIn(place: string, name: string): string {
  return join(place, createHash('sha256').update(name).digest('hex').slice(0, 16));
}

/** One that is not there is not. */
async function isInMemory(directory: string): Promise<boolean> {
  try {
    return inMemory.has((await statfs(directory)).type);
  } catch {
    return false;
  }
}

/** In a directory where everyone may write, somebody else may have been there before. */
async function makeOwn(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o711 });
  } catch (error) {
    if (errorCodeOf(error) !== 'EEXIST') throw error;
  }
  const { uid, mode } = await lstat(path);
  const isOurs = (mode & 0o170_000) === 0o040_000 && uid === process.geteuid?.() && (mode & 0o022) === 0;
  if (!isOurs) throw new Error(`${path} is not a directory of this daemon's user alone`);
}
