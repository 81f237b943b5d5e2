import { type BigIntStats, lstatSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errorCodeOf } from '../../../sys/thrown';

/** Of a directory and all that is in it. */
export interface DiskUsage {
  /** Bytes of the blocks on the disk (stat(2): of 512 each). */
  readonly size: number;
  readonly inodes: number;
}

/** Counts what has several names once. What goes meanwhile is not counted. */
export function diskUsageOf(path: string): DiskUsage {
  const seen = new Set<string>();
  let size = 0;
  const waiting = [path];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const stat = statOf(next);
    if (stat === undefined) continue;
    const inode = `${String(stat.dev)} ${String(stat.ino)}`;
    if (!seen.has(inode)) size += Number(stat.blocks) * 512;
    seen.add(inode);
    if (stat.isDirectory()) for (const name of namesIn(next)) waiting.push(join(next, name));
  }
  return { size, inodes: seen.size };
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
