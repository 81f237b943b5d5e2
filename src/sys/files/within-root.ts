import { lstatSync, readlinkSync } from 'node:fs';
import { join, posix } from 'node:path';

/** As many as the kernel follows (path_resolution(7)). */
const mostLinks = 40;

/** Where `path` is for a program whose root is `root`: a symbolic link to /x is one to /x of that root. Undefined where links go round. */
export function withinRoot(root: string, path: string): string | undefined {
  let at = '/';
  let left = path.split('/');
  for (let links = 0; left.length > 0;) {
    const [part = '', ...rest] = left;
    left = rest;
    const next = posix.join(at, part);
    const target = linkAt(join(root, next));
    if (target === undefined) {
      at = next;
      continue;
    }
    links += 1;
    if (links > mostLinks) return undefined;
    if (target.startsWith('/')) at = '/';
    left = [...target.split('/'), ...left];
  }
  return join(root, at);
}

function linkAt(path: string): string | undefined {
  return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true ? readlinkSync(path) : undefined;
}
