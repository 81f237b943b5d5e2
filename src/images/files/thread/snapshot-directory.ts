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

/** Makes it whole under another name first. @returns its number: the first from the given one on that no directory has */
export function makeSnapshotDirectory({ directory, number, parts, ownerOf }: NewDirectory): number {
  const other = join(directory, `new-${String(number)}`);
  rmSync(other, { recursive: true, force: true });
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
  return renameToFree(other, directory, number);
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
