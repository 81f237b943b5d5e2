import type { Timestamp } from '../gen/google/protobuf/timestamp';

/** Year 1, which clients take for "never": one of 1970 would be shown as such (their language's zero time). */
const never: Timestamp = { seconds: -62_135_596_800n, nanos: 0 };

const nsPerSecond = 1_000_000_000n;

/** @param ns nanoseconds since 1970; undefined for what has not happened */
export function timestampOf(ns: bigint | undefined): Timestamp {
  return ns === undefined ? never : { seconds: ns / nsPerSecond, nanos: Number(ns % nsPerSecond) };
}

/** This moment. */
export function now(): Timestamp {
  return timestampOf(BigInt(Date.now()) * 1_000_000n);
}
