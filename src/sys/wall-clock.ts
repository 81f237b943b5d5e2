const NS_PER_MS = 1_000_000n;
/** More than this apart, the clock has been set, or has run at another pace for long. */
const MOST_APART_NS = 2n * NS_PER_MS;

/** The time of day in nanoseconds, finer than the millisecond that Date.now() gives, and following it where it is set. */
export class WallClock {
  private anchorNs = 0n;

  /** Nanoseconds since 1970. */
  nowNs(): bigint {
    const sinceBootNs = process.hrtime.bigint();
    const toldNs = BigInt(Date.now()) * NS_PER_MS;
    const apartNs = this.anchorNs + sinceBootNs - toldNs;
    if (apartNs < 0n || apartNs > MOST_APART_NS) this.anchorNs = toldNs - sinceBootNs;
    return this.anchorNs + sinceBootNs;
  }
}
