import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError, check } from './errors';
import { lastErrno, libc } from './native';

const CLONE_FILES = 0x400;
const O_CLOEXEC = 0o2000000;
const SIG_BLOCK = 0;
/** sigset_t of glibc. */
const SIGSET_BYTES = 128;
const directory = '/proc/thread-self/fd';

/**
 * Gives this thread a table of descriptors of its own (unshare(2)), without the files, sockets and pipes of its process. A thread that hangs in the
 * kernel outlives its process, SIGKILL or not, and would hold all that the process had open: locks, sockets, clients that wait for their end. What other threads
 * open is unknown here, and the reverse. Descriptors without a name stay, as the event loop of this thread has some of them. The standard ones become the null device, and so do pipes.
 *
 * Of a pipe the process may have both ends at this moment, as it is about to give one to a child: its reader would wait for its end as long as this thread lives. The event loops have pipes,
 * too, and nothing tells which (libuv, unix/signal.c): by those a signal's handler tells its loop. So their numbers are not to be another file's, and no handler may run here.
 */
export function ownDescriptors(): void {
  blockSignals();
  check(libc.unshare(CLONE_FILES), 'unshare CLONE_FILES');
  const open = readdirSync(directory).map((name) => ({ fd: Number(name), target: targetOf(name) })).filter(({ fd, target }) => fd > 2 && target !== '');
  for (const { fd } of open.filter(({ target }) => /^(?:\/|socket:)/.test(target))) closeSync(fd);
  for (const fd of [0, 1, 2]) closeIfOpen(fd);
  // The lowest numbers are given first: open(2).
  for (let fd = -1; fd < 2;) fd = openSync('/dev/null', 'r+');
  for (const { fd } of open.filter(({ target }) => target.startsWith('pipe:'))) {
    if (libc.dup3(0, fd, O_CLOEXEC) !== -1) continue;
    if (lastErrno() !== constants.errno.EBADF) throw new SysError(lastErrno(), 'dup3');
    // A number beyond the limit, which it got before that was set (RLIMIT_NOFILE): nobody gets it again.
    closeSync(fd);
  }
}

/** Those that another thread of the process can take as well. */
function blockSignals(): void {
  const { SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV } = constants.signals;
  const set = Buffer.alloc(SIGSET_BYTES, 0xff);
  // Of the thread that has made the mistake.
  for (const signal of [SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV]) {
    const at = (signal - 1) >> 3;
    set.writeUInt8(set.readUInt8(at) & ~(1 << ((signal - 1) & 7)), at);
  }
  const errno = libc.pthreadSigmask(SIG_BLOCK, set, null);
  if (errno !== 0) throw new SysError(errno, 'pthread_sigmask');
}

/** Empty for one that is gone: that of the listing itself. */
function targetOf(name: string): string {
  try {
    return readlinkSync(`${directory}/${name}`);
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
