import { chmodSync, lchownSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { faultPoint } from '../../../sys/fault';
import { errorCodeOf } from '../../../sys/thrown';

/** The directory of a snapshot that is to be made. */
export interface NewDirectory {
  /** Where the snapshotter has them, each named by its number. */
  readonly directory: string;
  /** The first number that may be free. */
  readonly number: number;
  /** The directories in it; none: the snapshot's files lie in it itself. */
  readonly parts: readonly { readonly name: string; readonly mode: number }[];
  /** Whose owner the files' directory gets; empty: it stays root's. */
  readonly ownerOf: string;
}

/** Makes it whole under another name first, of which nothing is left where that fails. @returns its number: the first from the given one on that no directory has */
export function makeSnapshotDirectory(asked: NewDirectory): number {
  const other = join(asked.directory, `new-${String(asked.number)}`);
  // A kill may have left it.
  rmSync(other, { recursive: true, force: true });
  try {
    make(other, asked);
    return renameToFree(other, asked.directory, asked.number);
  } catch (error) {
    rmSync(other, { recursive: true, force: true });
    throw error;
  }
}

function make(other: string, { parts, ownerOf }: NewDirectory): void {
  mkdirSync(other, { mode: 0o700 });
  for (const { name, mode } of parts) {
    const path = join(other, name);
    mkdirSync(path);
    // What mkdir(2) makes of it the umask has its say in.
    chmodSync(path, mode);
  }
  const [files] = parts;
  if (files === undefined) chmodSync(other, 0o755);
  if (ownerOf !== '') {
    const { uid, gid } = statSync(ownerOf);
    lchownSync(files === undefined ? other : join(other, files.name), uid, gid);
  }
  faultPoint('daemon.snapshot.before-rename');
}

function renameToFree(other: string, directory: string, number: number): number {
  for (let free = number; ; free += 1) {
    // rename(2) would replace a directory that is empty, and the files' own lies in it itself where it has no parts.
    if (statSync(join(directory, String(free)), { throwIfNoEntry: false }) !== undefined) continue;
    try {
      renameSync(other, join(directory, String(free)));
      faultPoint('daemon.snapshot.made');
      return free;
    } catch (error) {
      if (errorCodeOf(error) !== 'ENOTEMPTY' && errorCodeOf(error) !== 'EEXIST') throw error;
    }
  }
}
