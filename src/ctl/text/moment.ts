import type { Timestamp } from '../../api/gen/google/protobuf/timestamp';
import { formatMoment, millisecondsOf } from './timestamp';

/** A message's time as JSON has it: RFC 3339 in UTC with nanoseconds; null for what has not happened. */
export function jsonTime(time: Timestamp | undefined): string | null {
  return time === undefined ? null : formatMoment(time);
}

/** Undefined for what has not happened. */
export function dateOf(time: Timestamp | undefined): Date | undefined {
  return time === undefined ? undefined : new Date(millisecondsOf(time));
}

/** Seconds from `time` to `nowMs`; at least 0. */
export function secondsSince(time: Timestamp, nowMs: number): number {
  return Math.max(0, (nowMs - millisecondsOf(time)) / 1000);
}

/** The time of day in the zone of this machine: `16:20:22`. */
export function clockOf(time: Timestamp): string {
  const date = new Date(millisecondsOf(time));
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}
