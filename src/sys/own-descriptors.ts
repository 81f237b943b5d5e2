import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { check } from './errors';
import { libc } from './native';

const CLONE_FILES = 0x400;
const directory = '/proc/thread-self/fd';

/**
 * Gives this thread a table of descriptors of its own (unshare(2)), without the files and sockets of its process. A thread that hangs in the
 * kernel outlives its process, SIGKILL or not, and would hold all that the process had open: locks, sockets, clients that wait for their end. What other threads
 * open is unknown here, and the reverse. Descriptors without a name stay, as the event loop of this thread has some of them; the standard ones become the null device.
 */
export function ownDescriptors(): void {
  check(libc.unshare(CLONE_FILES), 'unshare CLONE_FILES');
  const named = readdirSync(directory).map(Number).filter((fd) => fd > 2 && /^(?:\/|socket:)/.test(targetOf(fd)));
  for (const fd of named) closeSync(fd);
  for (const fd of [0, 1, 2]) closeIfOpen(fd);
  // The lowest numbers are given first: open(2).
  for (let fd = -1; fd < 2;) fd = openSync('/dev/null', 'r+');
}

/** Empty for one that is gone: that of the listing itself. */
function targetOf(fd: number): string {
  try {
    return readlinkSync(`${directory}/${String(fd)}`);
  } catch {
    return '';
  }
}

function closeIfOpen(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // It was not open.
  }
}
