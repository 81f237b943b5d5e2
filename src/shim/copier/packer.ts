import { constants } from 'node:fs';
import { type FileHandle, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { gzip as gzipLater } from 'node:zlib';
import { type Series, keptFileName, numbersOf, packedName, parseKeptName, unfinishedName, unfinishedOf } from '../../runtime/kept-output/file-names';
import { packedBlockBytes, printPackedIndex } from '../../runtime/kept-output/packed';
import { faultPoint } from '../../sys/fault';
import { tryLockFile } from '../../sys/files/files';
import { errorCodeOf } from '../../sys/thrown';

const gzip = promisify(gzipLater);
const READ = constants.O_RDONLY | constants.O_NOFOLLOW;
const WRITE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
const FILE_MODE = 0o640;
/** A writer has the directory for a moment each time; one whose disk is full, for as long as it is. */
const CLAIMED_MS = 2;
const MOST_CLAIMED_MS = 1000;

/**
 * Packs files of kept output that nothing more is written to, one at a time, on other threads than that of the copies. A file is there until it is there packed, on the disk: whoever is
 * killed, it is in one of the two ways, or in both, which say the same. What a copier leaves unfinished the next one does anew.
 */
export class Packer {
  readonly #due = new Set<string>();
  #last: Promise<void> = Promise.resolve();

  /** @param onError what cannot be packed stays as it is */
  constructor(private readonly onError: (error: unknown) => void) {}

  /** There may be something to pack in a row. */
  soon(dir: string, series: Series): void {
    const key = `${series} ${dir}`;
    if (this.#due.has(key)) return;
    this.#due.add(key);
    this.#last = this.#last.then(async () => {
      this.#due.delete(key);
      await packRow(dir, series);
    }).catch((error: unknown) => {
      // It was removed meanwhile, with all that is in it.
      if (errorCodeOf(error) !== 'ENOENT') this.onError(error);
    });
  }
}

async function packRow(dir: string, series: Series): Promise<void> {
  const names = await readdir(dir).catch((error: unknown): string[] => {
    if (errorCodeOf(error) === 'ENOENT') return [];
    throw error;
  });
  for (const name of names) {
    const unfinished = unfinishedOf(name);
    // Of one that was removed meanwhile.
    if (unfinished !== undefined && parseKeptName(unfinished)?.series === series && !names.includes(unfinished)) await rm(join(dir, name), { force: true });
  }
  for (const number of numbersOf(series, names).slice(0, -1)) {
    const name = keptFileName({ series, number });
    if (names.includes(name)) await pack(dir, join(dir, name));
  }
}

async function pack(dir: string, path: string): Promise<void> {
  let from: FileHandle;
  try {
    from = await open(path, READ);
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return;
    throw error;
  }
  try {
    const to = await open(unfinishedName(path), WRITE, FILE_MODE);
    try {
      await packInto(from, to);
    } finally {
      await to.close();
    }
  } catch (error) {
    // Such as a full disk: it is tried with the next file.
    await rm(unfinishedName(path), { force: true });
    throw error;
  } finally {
    await from.close();
  }
  faultPoint('copier.pack.written');
  await takePlace(dir, path);
}

async function packInto(from: FileHandle, to: FileHandle): Promise<void> {
  const { size: totalBytes, atimeMs, mtimeMs } = await from.stat();
  const blockBytes = packedBlockBytes(totalBytes);
  const block = Buffer.allocUnsafe(blockBytes);
  const ends: number[] = [];
  let end = 0;
  const write = async (bytes: Buffer): Promise<void> => {
    await to.writeFile(bytes);
    end += bytes.length;
  };
  for (let position = 0; position < totalBytes; position += blockBytes) {
    const { bytesRead } = await from.read(block, 0, Math.min(blockBytes, totalBytes - position), position);
    if (bytesRead < Math.min(blockBytes, totalBytes - position)) throw new Error('a file of kept output has become shorter');
    await write(await gzip(block.subarray(0, bytesRead)));
    ends.push(end);
  }
  await write(printPackedIndex({ blockBytes, totalBytes, ends }));
  // When its last line is from: by that it is found, and too old one day.
  await to.utimes(atimeMs / 1000, mtimeMs / 1000);
  await to.datasync();
}

/** While nobody else is at the directory: what has been removed meanwhile does not come back. */
async function takePlace(dir: string, path: string): Promise<void> {
  const handle = await open(dir, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    for (let pauseMs = CLAIMED_MS; !tryLockFile(handle.fd); pauseMs = Math.min(MOST_CLAIMED_MS, pauseMs * 2)) await delay(pauseMs);
    if (await isThere(path)) {
      await rename(unfinishedName(path), packedName(path));
      faultPoint('copier.pack.renamed');
      await unlink(path);
      faultPoint('copier.pack.unlinked');
    } else await rm(unfinishedName(path), { force: true });
  } finally {
    await handle.close();
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
