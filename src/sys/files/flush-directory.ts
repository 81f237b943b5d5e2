import { closeSync, fsyncSync, openSync } from 'node:fs';

/** A file's name is on the disk when its directory is: fsync(2). */
export function flushDirectory(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
