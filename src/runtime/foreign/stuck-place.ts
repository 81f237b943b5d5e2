import { closeSync, readlinkSync } from 'node:fs';
import { dirname, isAbsolute } from 'node:path';
import { type FoundName, findCached, findCachedIn, placeOf } from '../../sys/files/cached-name';

const S_IFMT = 0o170000;
const S_IFLNK = 0o120000;
/** As the kernel's own (path_resolution(7)). */
const MOST_LINKS = 40;

/**
 * Which file system a path leads to, as far as the kernel knows without asking any: the one that would be asked next.
 * @returns a name for it, to be compared with others'
 */
export function stuckPlace(path: string): string {
  const top = findCached('/');
  // A kernel that does not tell.
  if (top === undefined) return dirname(path);
  let place: FoundName = top;
  try {
    const rest = partsOf(path);
    let links = 0;
    for (let name = rest.shift(); name !== undefined; name = rest.shift()) {
      const next = findIn(place, name);
      if (next === undefined) break;
      if ((next.mode & S_IFMT) !== S_IFLNK) {
        closeSync(place.fd);
        place = next;
        continue;
      }
      closeSync(next.fd);
      links += 1;
      if (links > MOST_LINKS || placeOf(place) === 'elsewhere') break;
      const target = readlinkSync(`/proc/self/fd/${place.fd}/${name}`);
      rest.unshift(...partsOf(target));
      const root = isAbsolute(target) ? findCached('/') : undefined;
      if (root === undefined) continue;
      closeSync(place.fd);
      place = root;
    }
    return `mount ${place.mount.id}`;
  } finally {
    closeSync(place.fd);
  }
}

function partsOf(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}

function findIn(place: FoundName, name: string): FoundName | undefined {
  try {
    return findCachedIn(place.fd, name);
  } catch {
    // Not there, or not a directory: whoever goes there will say so.
    return undefined;
  }
}
