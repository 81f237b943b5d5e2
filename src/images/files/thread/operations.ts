import { closeSync, copyFileSync, fstatSync, mkdirSync, openSync, readSync, readdirSync, renameSync, rmSync, rmdirSync, statSync } from 'node:fs';
import { type CheckpointRecord, writeCheckpointRecord } from '../../../runtime/state-dir/checkpoint-file';
import { removeTree } from '../../../sys/files/remove-tree';
import { errorCodeOf } from '../../../sys/thrown';
import type { IngestBytes, OpenIngests } from './open-ingests';
import { type NewDirectory, makeSnapshotDirectory } from './snapshot-directory';
import { type DiskUsage, diskUsageOf } from './disk-usage';

/** What can be asked for, by its name. What one throws is its answer. */
export const operations = {
  openIngest(ingests: OpenIngests, id: number, path: string, shared: SharedArrayBuffer): Promise<IngestBytes> {
    return ingests.open(id, path, shared);
  },
  append(ingests: OpenIngests, id: number, length: number): IngestBytes {
    return ingests.append(id, length);
  },
  truncate(ingests: OpenIngests, id: number): IngestBytes {
    return ingests.truncate(id);
  },
  link(ingests: OpenIngests, id: number, path: string): void {
    ingests.link(id, path);
  },
  close(ingests: OpenIngests, id: number): void {
    ingests.close(id);
  },

  /** At most `length` bytes from `offset` on; fewer at the end alone, and none of a file that is not there. */
  read(_: OpenIngests, path: string, offset: number, length: number): Uint8Array {
    let fd: number;
    try {
      fd = openSync(path, 'r');
    } catch (error) {
      if (errorCodeOf(error) === 'ENOENT') return new Uint8Array();
      throw error;
    }
    try {
      const bytes = new Uint8Array(Math.max(0, Math.min(length, fstatSync(fd).size - offset)));
      let at = 0;
      while (at < bytes.length) {
        const count = readSync(fd, bytes, at, bytes.length - at, offset + at);
        if (count === 0) break;
        at += count;
      }
      return at === bytes.length ? bytes : bytes.slice(0, at);
    } finally {
      closeSync(fd);
    }
  },
  copy(_: OpenIngests, from: string, to: string): void {
    copyFileSync(from, to);
  },
  /** Size in bytes, and when it was last written, in milliseconds since 1970; undefined where it is not there. */
  written(_: OpenIngests, path: string): { size: number; atMs: number } | undefined {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat && { size: stat.size, atMs: stat.mtimeMs };
  },
  /** One that is not there: nothing to do. */
  remove(_: OpenIngests, path: string): void {
    rmSync(path, { force: true });
  },
  /** Of a directory; none where it is not there. */
  names(_: OpenIngests, path: string): string[] {
    try {
      return readdirSync(path);
    } catch (error) {
      if (errorCodeOf(error) === 'ENOENT') return [];
      throw error;
    }
  },
  makeDirectories(_: OpenIngests, ...paths: readonly string[]): void {
    for (const path of paths) mkdirSync(path, { recursive: true, mode: 0o700 });
  },
  /** One that is not there, or not empty: nothing to do. */
  removeEmptyDirectory(_: OpenIngests, path: string): void {
    try {
      rmdirSync(path);
    } catch (error) {
      if (!['ENOENT', 'ENOTEMPTY'].includes(errorCodeOf(error) ?? '')) throw error;
    }
  },
  rename(_: OpenIngests, from: string, to: string): boolean {
    try {
      renameSync(from, to);
      return true;
    } catch (error) {
      if (errorCodeOf(error) === 'ENOENT') return false;
      throw error;
    }
  },

  describeCheckpoint(_: OpenIngests, path: string, record: CheckpointRecord): void {
    writeCheckpointRecord(path, record);
  },
  makeSnapshotDirectory(_: OpenIngests, directory: NewDirectory): number {
    return makeSnapshotDirectory(directory);
  },
  diskUsage(_: OpenIngests, path: string): Promise<DiskUsage> {
    return diskUsageOf(path);
  },
  removeTree(_: OpenIngests, path: string): void {
    removeTree(path);
  },
} as const;

type Operations = typeof operations;
export type OperationName = keyof Operations;
export type OperationArgs<Name extends OperationName> = Parameters<Operations[Name]> extends [OpenIngests, ...infer Args] ? Args : never;
export type OperationResult<Name extends OperationName> = Awaited<ReturnType<Operations[Name]>>;
