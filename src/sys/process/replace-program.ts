import { readFileSync, readdirSync } from 'node:fs';
import { constants } from 'node:os';
import { SysError, check, checkNoNul } from '../errors';
import { lastErrno, libc } from '../native';

const F_SETFD = 2;
const FD_CLOEXEC = 1;
/** Standard descriptors are kept always: Node opens the null device where one is missing. */
const FIRST_FREE_FD = 3;

export interface Replacement {
  /** Path of the program. */
  readonly file: string;
  /** Its own name first. */
  readonly argv: readonly string[];
  /** Descriptors that it is given, under their numbers; all others are closed. */
  readonly keep: readonly number[];
}

/**
 * Has this process run another program: execve(2). It keeps its pid, its children, the ended ones among them too, its session, its being a
 * subreaper (prctl(2)), and this process's environment. All other threads end where they are, so none may be at something that matters.
 * To be called from the main thread, whose thread id is the process's.
 * @throws SysError where it cannot; nothing has changed then. EBUSY where a thread waits for a device or a file system: the
 * kernel would wait for it, in the middle of the call and maybe for ever
 */
export function replaceProgram({ file, argv, keep }: Replacement): never {
  for (const word of [file, ...argv]) checkNoNul(word, 'execve');
  const env = Object.entries(process.env).flatMap(([name, value]) => (value === undefined ? [] : [`${name}=${value}`]));
  if (threadsThatWait().length > 0) throw new SysError(constants.errno.EBUSY, 'execve', file);
  closeAllAtExec();
  for (const fd of keep) check(libc.fcntl(fd, F_SETFD, 0), 'fcntl F_SETFD');
  libc.execve(file, [...argv, null], [...env, null]);
  const errno = lastErrno();
  closeAtExec(keep);
  throw new SysError(errno, 'execve', file);
}

/** Has all descriptors of this process closed when it runs another program, also those that it was started with. */
export function closeAllAtExec(): void {
  closeAtExec(openDescriptors());
}

function openDescriptors(): number[] {
  return readdirSync('/proc/self/fd').map(Number).filter((fd) => fd >= FIRST_FREE_FD);
}

/** What is not open (any more) needs none. */
function closeAtExec(fds: readonly number[]): void {
  for (const fd of fds) libc.fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/** Threads in an uninterruptible sleep, `D` in proc(5). */
function threadsThatWait(): string[] {
  return readdirSync('/proc/self/task').filter((thread) => {
    try {
      return /\) D /.test(readFileSync(`/proc/self/task/${thread}/stat`, 'latin1'));
    } catch {
      return false;
    }
  });
}
