import { closeSync, fstatSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { errorCodeOf } from '../../../sys/thrown';
import type { RootedDirectory } from '../../../sys/files/rooted-directory';
import type { ReadRequest } from './request';
import { openShown } from './target';

const MOST_BYTES = 1024 * 1024;
const absent = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'ENXIO']);

/** What the files hold, as text. @throws SysError where the mounts cannot be made */
export function readFiles({ mounts, paths, places }: ReadRequest): Readonly<Record<string, string>> {
  const root = openShown(mounts, places[0], 'reading');
  try {
    return Object.fromEntries(paths.flatMap((path) => {
      const text = textOf(root, path);
      return text === undefined ? [] : [[path, text]];
    }));
  } finally {
    root.close();
  }
}

/** A link at its end is no file: nothing of what is asked for is one. */
function textOf(root: RootedDirectory, path: string): string | undefined {
  try {
    const directory = root.openDirectory(posix.dirname(path));
    try {
      const fd = directory.openFile(posix.basename(path));
      try {
        const stat = fstatSync(fd);
        return stat.isFile() && stat.size <= MOST_BYTES ? readFileSync(fd, 'utf8') : undefined;
      } finally {
        closeSync(fd);
      }
    } finally {
      directory.close();
    }
  } catch (error) {
    if (absent.has(errorCodeOf(error) ?? '')) return undefined;
    throw error;
  }
}
