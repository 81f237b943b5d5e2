import { check } from './errors';
import { libc } from './native';

const RLIMIT_NOFILE = 7;
/** Two 64-bit numbers: the soft limit, the hard limit. */
const LIMIT_SIZE = 16;
const HARD_OFFSET = 8;

/** A soft limit up to this one is taken for a distribution's default, not for somebody's choice. */
const DEFAULT_SOFT = 1024;

/**
 * Raises this process's soft limit of open files to the hard one if it is at most 1024.
 * Returns the limits in force afterwards. (Node itself may have raised it at its start.)
 */
export function raiseOpenFilesLimit(): { readonly soft: number; readonly hard: number } {
  const limit = Buffer.alloc(LIMIT_SIZE);
  check(libc.getrlimit(RLIMIT_NOFILE, limit), 'getrlimit');
  if (limit.readBigUInt64LE() <= DEFAULT_SOFT) {
    limit.copy(limit, 0, HARD_OFFSET);
    check(libc.setrlimit(RLIMIT_NOFILE, limit), 'setrlimit');
  }
  return { soft: Number(limit.readBigUInt64LE()), hard: Number(limit.readBigUInt64LE(HARD_OFFSET)) };
}
