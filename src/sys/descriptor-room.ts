import { constants } from 'node:os';
import { SysError } from './errors';
import { raiseOpenFilesLimit } from './limits';

/** For what goes on when descriptors are short: ends, looks at /proc, the runtime's clean-up calls. Each takes one to three. */
const MOST_RESERVED = 64;
/** Of a limit that is small, no more than this part of it. */
const RESERVED_PART = 4;

/**
 * The descriptors that this process may have, of which some stay free: what would take one of those is refused, so
 * that the processes that run, and their ends, never come to feel it.
 */
export class DescriptorRoom {
  /** Descriptors that this process may have. */
  readonly limit: number;
  readonly #firstReserved: number;

  constructor(limit: number) {
    this.limit = limit;
    this.#firstReserved = limit - Math.min(MOST_RESERVED, Math.floor(limit / RESERVED_PART));
  }

  /** Raises the soft limit first, see {@link raiseOpenFilesLimit}. */
  static ofThisProcess(): DescriptorRoom {
    return new DescriptorRoom(raiseOpenFilesLimit().soft);
  }

  /** Whether a descriptor that was just opened leaves the reserve free: one gets the lowest number that is free (open(2)). */
  admits(fd: number): boolean {
    return fd < this.#firstReserved;
  }

  /**
   * @param fd just opened for `path`; stays the caller's
   * @throws SysError EMFILE, as the open would without a reserve
   */
  check(fd: number, path: string): void {
    if (!this.admits(fd)) throw new SysError(constants.errno.EMFILE, 'open', path);
  }
}
