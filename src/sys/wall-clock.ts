import { SysError } from './errors';
import { lastErrno, libc } from './native';

/** clock_gettime(2). */
const CLOCK_REALTIME = 0;

/** The time of day in nanoseconds: Date.now() tells whole milliseconds. */
export class WallClock {
  /** A timespec: seconds, and nanoseconds beside them. */
  readonly #time = Buffer.alloc(16);

  /** Nanoseconds since 1970. */
  nowNs(): bigint {
    if (libc.clock_gettime(CLOCK_REALTIME, this.#time) !== 0) throw new SysError(lastErrno(), 'clock_gettime');
    return this.#time.readBigInt64LE(0) * 1_000_000_000n + this.#time.readBigInt64LE(8);
  }
}
