import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { errorCodeOf } from '../../../sys/thrown';

/** Of a directory and all that is in it. */
export interface DiskUsage {
  /** Bytes of the blocks on the disk (stat(2): of 512 each). */
  readonly size: number;
  readonly inodes: number;
}

/** Looked at before others have their turn: some milliseconds. */
const entriesAtOnce = 200;

/** Counts what has several names once. What goes meanwhile is not counted. Others have their turn meanwhile. */
export async function diskUsageOf(path: string): Promise<DiskUsage> {
  const seen = new Set<string>();
  let size = 0;
  let inodes = 0;
  const waiting = [path];
  let looked = 0;
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if ((looked += 1) % entriesAtOnce === 0) await nextTurn();
    const stat = statOf(next);
    if (stat === undefined) continue;
    const isDirectory = stat.isDirectory();
    if (!isDirectory && stat.nlink > 1n) {
      const inode = `${String(stat.dev)} ${String(stat.ino)}`;
      if (seen.has(inode)) continue;
      seen.add(inode);
    }
    size += Number(stat.blocks) * 512;
    inodes += 1;
    if (isDirectory) for (const name of namesIn(next)) waiting.push(join(next, name));
  }
  return { size, inodes };
}

function statOf(path: string): BigIntStats | undefined {
  return unlessGone(() => lstatSync(path, { bigint: true }));
}

function namesIn(path: string): readonly string[] {
  return unlessGone(() => readdirSync(path)) ?? [];
}

function unlessGone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT' && errorCodeOf(error) !== 'ENOTDIR') throw error;
    return undefined;
  }
}
