import { closeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { errorCodeOf } from '../thrown';
import { findCached, findCachedIn } from './cached-name';

/**
 * Whether something is mounted on a directory, by what the kernel has in its cache of names: no file system is asked.
 * @returns undefined where that does not tell
 */
export function isMountPoint(path: string): boolean | undefined {
  try {
    const above = findCached(dirname(path));
    if (above === undefined) return undefined;
    try {
      const named = findCachedIn(above.fd, basename(path));
      if (named === undefined) return undefined;
      closeSync(named.fd);
      return named.mount.id !== above.mount.id;
    } finally {
      closeSync(above.fd);
    }
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
}
