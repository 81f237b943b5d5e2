import { constants } from 'node:os';
import { lastErrno, libc } from './native';

/**
 * A system call or C library function failed.
 * The message reads `<syscall> <path>: <what strerror says>`.
 */
export class SysError extends Error {
  /** The symbolic name of the error, such as `ESRCH`. */
  readonly code: string;
  /** The kernel's number of the error, positive. */
  readonly errno: number;
  /** What was called. */
  readonly syscall: string;
  /** The file that it was called for, where there was one. */
  // Only declared: a field would be there, undefined, in every error.
  declare readonly path?: string;

  constructor(errno: number, syscall: string, path?: string) {
    super(`${syscall}${path === undefined ? '' : ` ${path}`}: ${strerror(errno)}`);
    this.name = 'SysError';
    this.code = errnoName(errno);
    this.errno = errno;
    this.syscall = syscall;
    if (path !== undefined) this.path = path;
  }
}

/** The C library's words for an error number, first letter in lower case: "no such process". */
export function strerror(errno: number): string {
  const text = libc.strerror(errno);
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** Where a number has two names (EAGAIN, EWOULDBLOCK) the first of the list, which stays, is the usual one. */
const namesOfErrnos = new Map(Object.entries(constants.errno).reverse().map(([name, number]) => [number, name]));

/** The symbolic name of an error number: `ESRCH`. A number without a name becomes `E<number>`. */
export function errnoName(errno: number): string {
  return namesOfErrnos.get(errno) ?? `E${errno}`;
}

/**
 * Passes on the result of a C call that reports failure as -1 with errno; throws a SysError for -1.
 * To be called with the result directly, before any other call overwrites errno.
 */
export function check(result: number, syscall: string, path?: string): number {
  if (result === -1) throw new SysError(lastErrno(), syscall, path);
  return result;
}

/**
 * Refuses strings that C would cut short at a NUL character.
 * @throws SysError EINVAL
 */
export function checkNoNul(text: string, syscall: string): string {
  if (text.includes('\0')) throw new SysError(constants.errno.EINVAL, syscall, JSON.stringify(text));
  return text;
}
