import type { Timestamp } from '../gen/google/protobuf/timestamp';

const nsPerSecond = 1_000_000_000n;

/** @param ns nanoseconds since 1970 */
export function timestampOf(ns: bigint): Timestamp {
  return { seconds: ns / nsPerSecond, nanos: Number(ns % nsPerSecond) };
}

/** Nanoseconds since 1970. */
export function nsOf({ seconds, nanos }: Timestamp): bigint {
  return seconds * nsPerSecond + BigInt(nanos);
}
