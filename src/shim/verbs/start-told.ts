import { watch } from 'node:fs';
import { isStartCall } from '../../runtime/state-dir/process-dir';
import { isStarting } from '../../runtime/state-dir/start-mark';
import type { ManagedProcess } from '../process/managed-process';

/** How long a daemon may leave a start open; one that has been killed in it leaves it so. */
const LONGEST_MS = 5000;

/**
 * Waits until no start of this container is under way any more. A process may end before the runtime's `start` has
 * returned; deleting the container under it would make a start fail whose process has run. The daemon marks
 * the directory until the start is told, and aborts what it takes back. An original daemon marks nothing.
 */
export async function untilStartIsTold(entry: ManagedProcess): Promise<void> {
  const { dir } = entry.identity;
  const { signal } = entry.abortion;
  if (signal.aborted || !isUnderWay(dir)) return;
  await new Promise<void>((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      watcher.close();
      signal.removeEventListener('abort', settle);
      resolve();
    };
    const look = (): void => {
      if (!isUnderWay(dir)) settle();
    };
    const timer = setTimeout(settle, LONGEST_MS);
    const watcher = watch(dir, look);
    watcher.on('error', reject);
    signal.addEventListener('abort', settle);
    // It may have been told between the first look and the watch.
    look();
  });
}

/** A start of one piece, or the creation of a process that is kept; or the latter's start. */
function isUnderWay(dir: string): boolean {
  return isStarting(dir) || isStartCall(dir);
}
