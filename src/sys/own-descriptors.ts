import { closeSync, constants, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { check } from './errors';
import { libc } from './native';

const CLONE_FILES = 0x400;
const directory = '/proc/thread-self/fd';
const ACCESS_MODES = constants.O_RDONLY | constants.O_WRONLY | constants.O_RDWR;

/**
 * Gives this thread a table of descriptors of its own (unshare(2)), without the files and sockets of its process. A thread that hangs in the
 * kernel outlives its process, SIGKILL or not, and would hold all that the process had open: locks, sockets, clients that wait for their end. What other threads
 * open is unknown here, and the reverse. Descriptors without a name stay, as the event loop of this thread has some of them, among them both ends of a pipe; a pipe of which there is
 * one end alone is between others, and its reader would wait for its end as long as this thread lives. The standard ones become the null device.
 */
export function ownDescriptors(): void {
  check(libc.unshare(CLONE_FILES), 'unshare CLONE_FILES');
  const open = readdirSync(directory).map((name) => ({ fd: Number(name), target: targetOf(Number(name)) })).filter(({ fd, target }) => fd > 2 && target !== '');
  const isWhole = (pipe: string): boolean => new Set(open.filter(({ target }) => target === pipe).map(({ fd }) => accessModeOf(fd))).size > 1;
  const foreign = open.filter(({ target }) => /^(?:\/|socket:)/.test(target) || (target.startsWith('pipe:') && !isWhole(target)));
  for (const { fd } of foreign) closeSync(fd);
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

/** proc_pid_fdinfo(5). */
function accessModeOf(fd: number): number {
  const [, flags = '0'] = /^flags:\s*(\d+)$/m.exec(readFileSync(`/proc/thread-self/fdinfo/${String(fd)}`, 'latin1')) ?? [];
  return Number.parseInt(flags, 8) & ACCESS_MODES;
}

function closeIfOpen(fd: number): void {
  try {
    closeSync(fd);
  } catch {
    // It was not open.
  }
}
