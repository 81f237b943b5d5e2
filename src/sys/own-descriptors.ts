import { closeSync, openSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { check } from './errors';
import { libc } from './native';
import { EPOLL, type OpenDescriptor, openDescriptors, watchedInodes, wholePipes } from './open-descriptors';
import type { ThreadData } from './start-thread';

const CLONE_FILES = 0x400;

/**
 * Gives this thread, which {@link startThread} has started, a table of descriptors of its own (unshare(2)), without the files, sockets and pipes of its process. A thread that
 * hangs in the kernel outlives its process, SIGKILL or not, and would hold all that the process had open: locks, sockets, clients that wait for their end. What other threads
 * open is unknown here, and the reverse. Descriptors without a name stay, as the event loop of this thread has some of them. The standard ones become the null device.
 */
export function ownDescriptors(): void {
  check(libc.unshare(CLONE_FILES), 'unshare CLONE_FILES');
  const open = openDescriptors();
  const kept = pipesOfLoops(open);
  const isForeign = ({ fd, target }: { readonly fd: number; readonly target: string }): boolean =>
    fd > 2 && (/^(?:\/|socket:)/.test(target) || (target.startsWith('pipe:') && !kept.has(target)));
  for (const { fd } of open.filter(isForeign)) closeSync(fd);
  for (const fd of [0, 1, 2]) closeIfOpen(fd);
  // The lowest numbers are given first: open(2).
  for (let fd = -1; fd < 2;) fd = openSync('/dev/null', 'r+');
}

/**
 * An event loop has both ends of a pipe, by which a signal's handler tells it; of all loops of the process there is one more, which is its handlers' lock (libuv, unix/signal.c). The loop of
 * the program and the lock are there from its start. A thread's loop is known by its epoll: it watches its pipe before the thread's first step, and nobody else's.
 * Of another pipe the process may have both ends, too, where it is about to give one to a child: its reader would wait for its end as long as this thread lives. Who
 * watches such a pipe is the program's loop.
 */
function pipesOfLoops(open: readonly OpenDescriptor[]): ReadonlySet<string> {
  const { pipesOfStart } = workerData as ThreadData;
  const isOfStart = (pipe: string): boolean => pipesOfStart.includes(pipe);
  const whole = wholePipes(open);
  const watched = open.filter(({ target }) => target === EPOLL).map(({ fd }) => watchedInodes(fd)).map((inodes) => [...whole].filter((pipe) => inodes.has(inodeOf(pipe))));
  return new Set([...whole].filter(isOfStart).concat(...watched.filter((pipes) => !pipes.some(isOfStart))));
}

function inodeOf(pipe: string): number {
  return Number(pipe.slice('pipe:['.length, -1));
}

function closeIfOpen(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // It was not open.
  }
}
