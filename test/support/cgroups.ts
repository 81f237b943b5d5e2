import { type Dirent, readdirSync, readFileSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Where cgroup hierarchies of either version are mounted (proc(5), mountinfo: field 5, type after ` - `). */
export function cgroupMounts(): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter((line) => / - cgroup2? /.test(line))
    .flatMap((line) => line.split(' ')[4] ?? []);
}

/** Every directory of that cgroup in every hierarchy, the deepest first; the cgroup's own ones last. */
export function cgroupDirectories(path: string): { readonly own: string[]; readonly below: string[] } {
  const own = cgroupMounts()
    .map((mount) => join(mount, path))
    .filter((directory) => statSync(directory, { throwIfNoEntry: false }) !== undefined);
  return { own, below: own.flatMap(directoriesBelow) };
}

/** Removes cgroup directories; those which processes are still in stay, and are returned. */
export function removeCgroups(directories: readonly string[]): string[] {
  return directories.filter((directory) => {
    try {
      rmdirSync(directory);
      return false;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== 'ENOENT';
    }
  });
}

/** Of a cgroup that is there no more there are none: it may go while it is looked at. */
function directoriesBelow(directory: string): string[] {
  return entriesOf(directory)
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(directory, entry.name))
    .flatMap((path) => [...directoriesBelow(path), path]);
}

function entriesOf(directory: string): Dirent[] {
  try {
    return readdirSync(directory, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return [];
  }
}
