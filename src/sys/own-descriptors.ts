import { closeSync, constants, openSync } from 'node:fs';
import { workerData } from 'node:worker_threads';
import { check } from './errors';
import { libc } from './native';
import { openDescriptors, wholePipes } from './open-descriptors';
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
 * An event loop has both ends of a pipe, by which a signal's handler tells it; of all loops of the process there is one more, which is its handlers' lock (libuv, unix/signal.c). Of another
 * pipe the process may have both ends, too, where it is about to give one to a child: its reader would wait for its end as long as this thread lives. None
 * of those is non-blocking at both ends, and none was there when the program began.
 */
function pipesOfLoops(open: ReturnType<typeof openDescriptors>): ReadonlySet<string> {
  const { pipesOfStart } = workerData as ThreadData;
  const isOfLoop = (flags: readonly number[]): boolean => flags.every((each) => (each & constants.O_NONBLOCK) !== 0);
  return new Set([...wholePipes(open)].filter(([target, flags]) => pipesOfStart.includes(target) || isOfLoop(flags)).map(([target]) => target));
}

function closeIfOpen(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // It was not open.
  }
}
