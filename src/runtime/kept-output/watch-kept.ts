import { type FSWatcher, closeSync, watch } from 'node:fs';
import { findCached, placeOf } from '../../sys/files/cached-name';
import type { KeptSource } from './row';

/** How often is looked where the kernel tells of nothing: another machine's file system, and a directory that is not there yet. */
const LOOK_MS = 500;

/** Tells a follower that there may be more. */
export interface KeptWatcher {
  /** Forgets what has been told. */
  clear(): void;
  /** As a change does. */
  wake(): void;
  /** Resolves at the next change, at once where there was one since `clear`, or when the signal is aborted. */
  changed(): Promise<void>;
  close(): void;
}

/** Watches a directory of kept output. Nothing that may hang is touched on this thread. */
export async function watchKept(files: KeptSource, dir: string, signal: AbortSignal): Promise<KeptWatcher> {
  // Where it does not answer, the follower is told so at once.
  await files.listKept(dir, signal);
  let isChanged = false;
  let wake: () => void = () => undefined;
  let watcher: FSWatcher | undefined;
  const onChange = (): void => {
    isChanged = true;
    wake();
  };
  const attach = (): void => {
    watcher ??= watchAtOnce(dir, onChange, () => {
      watcher = undefined;
      onChange();
    });
  };
  const timer = setInterval(() => {
    if (watcher !== undefined) return;
    attach();
    onChange();
  }, LOOK_MS);
  signal.addEventListener('abort', onChange);
  attach();
  return {
    wake: onChange,
    clear: () => {
      isChanged = false;
    },
    changed: async () => {
      if (isChanged || signal.aborted) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    },
    close: () => {
      clearInterval(timer);
      watcher?.close();
      signal.removeEventListener('abort', onChange);
    },
  };
}

/** inotify(7), where finding the directory cannot hang. @param onGone the directory is not watched any more */
function watchAtOnce(dir: string, onChange: () => void, onGone: () => void): FSWatcher | undefined {
  let fd: number | undefined;
  try {
    const found = findCached(dir);
    if (found === undefined) return undefined;
    ({ fd } = found);
    if (placeOf(found) === 'elsewhere') return undefined;
    const watcher = watch(`/proc/self/fd/${fd}`, onChange);
    watcher.on('error', () => {
      watcher.close();
      onGone();
    });
    return watcher;
  } catch {
    // Not there (yet), or no more watches may be made: it is looked at now and then.
    return undefined;
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
}
