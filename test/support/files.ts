import { existsSync, lstatSync, readdirSync, readFileSync, watch } from 'node:fs';
import { basename, dirname, join } from 'node:path';

import { patienceMs, within } from './deadline';

/** Resolves when the path exists. Its directory must exist already: that is what inotify watches. */
export async function untilExists(path: string, deadlineMs = patienceMs): Promise<void> {
  await untilIn(dirname(path), () => existsSync(path), `${basename(path)} in ${dirname(path)}`, deadlineMs);
}

/** Resolves when the path does not exist any more. */
export async function untilGone(path: string, deadlineMs = patienceMs): Promise<void> {
  await untilIn(dirname(path), () => !existsSync(path), `the removal of ${path}`, deadlineMs);
}

/** Resolves when the file, which must exist, has the text in it. */
export async function untilContains(path: string, text: string, deadlineMs = patienceMs): Promise<void> {
  await untilIn(dirname(path), () => readFileSync(path, 'utf8').includes(text), `${JSON.stringify(text)} in ${path}`, deadlineMs);
}

/** Resolves when `isSo`, asked again after each change in the directory, is true. */
export async function untilIn(directory: string, isSo: () => boolean, what: string, deadlineMs = patienceMs): Promise<void> {
  let wake: () => void = () => undefined;
  const so = new Promise<void>((resolve) => {
    wake = (): void => {
      if (isSo()) resolve();
    };
  });
  const watcher = watch(directory, () => {
    wake();
  });
  try {
    // After the watch has begun, so that no change falls in between.
    wake();
    await within(so, what, deadlineMs, () => `there: ${readdirSync(directory).join(', ') || 'nothing'}`);
  } finally {
    watcher.close();
  }
}

/** FIFOs and sockets below a directory; directories in `except` (full paths) are not entered. */
export function specialFilesBelow(directory: string, except: ReadonlySet<string>): string[] {
  if (!existsSync(directory) || except.has(directory)) return [];
  return readdirSync(directory).flatMap((name) => {
    const path = join(directory, name);
    // undefined: removed since the directory was read.
    const stats = lstatSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory() === true) return specialFilesBelow(path, except);
    return stats?.isFIFO() === true || stats?.isSocket() === true ? [path] : [];
  });
}

/**
 * Every path below a directory, sorted. What grows by itself (logs, a database's journal) keeps its name; the files of
 * the daemon's own shim are left out, since it is started beforehand and comes in its own time.
 */
export function treeBelow(directory: string): string[] {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return paths.filter((path) => !basename(path).startsWith('holdfast-shim')).sort();
}
