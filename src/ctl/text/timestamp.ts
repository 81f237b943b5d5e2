import { parseDuration } from './duration';

/** A moment as the API has it: seconds since 1970 and nanoseconds beside them. */
export interface Moment {
  readonly seconds: bigint;
  readonly nanos: number;
}

const RFC3339 = /^(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[+-]\d\d:\d\d)?)?$/;

/** Nanoseconds from the digits after a decimal point: `5` is half a second. */
function nanosOf(digits: string | undefined): number {
  return Number((digits ?? '').padEnd(9, '0'));
}

/** The moment of a clock in milliseconds, such as Date.now(). */
export function momentOf(milliseconds: number): Moment {
  const seconds = Math.floor(milliseconds / 1000);
  return { seconds: BigInt(seconds), nanos: Math.floor((milliseconds - seconds * 1000) * 1e6) };
}

/** To the millisecond, for dates that people read. */
export function millisecondsOf(moment: Moment): number {
  return Number(moment.seconds) * 1000 + Math.floor(moment.nanos / 1e6);
}

/** Negative, 0 or positive, as for sorting. */
export function compareMoments(a: Moment, b: Moment): number {
  if (a.seconds !== b.seconds) return a.seconds < b.seconds ? -1 : 1;
  return a.nanos - b.nanos;
}

/** RFC 3339 with nanoseconds, in UTC; always nine digits, so that lines align and sort as text. */
export function formatMoment(moment: Moment): string {
  const date = new Date(Number(moment.seconds) * 1000).toISOString().slice(0, 19);
  return `${date}.${String(moment.nanos).padStart(9, '0')}Z`;
}

/** The same in the zone of this machine, with its offset. */
export function formatLocalMoment(moment: Moment): string {
  const date = new Date(Number(moment.seconds) * 1000);
  const offset = -date.getTimezoneOffset();
  const twoDigits = (number: number): string => String(number).padStart(2, '0');
  const local = new Date(date.getTime() + offset * 60_000).toISOString().slice(0, 19);
  const zone = `${offset < 0 ? '-' : '+'}${twoDigits(Math.floor(Math.abs(offset) / 60))}:${twoDigits(Math.abs(offset) % 60)}`;
  return `${local}.${String(moment.nanos).padStart(9, '0')}${zone}`;
}

/**
 * Reads `now`, a duration that counts back from now (`90s`, `1h30m`, `2d`), a date with or without
 * a time (RFC 3339; without a zone: local time) to the nanosecond, or seconds since 1970 with a
 * fraction. Undefined for anything else.
 */
export function parseMoment(text: string, nowMs: number): Moment | undefined {
  if (text === 'now') return momentOf(nowMs);
  const ago = parseDuration(text);
  if (ago !== undefined) return momentOf(Math.max(0, nowMs - ago * 1000));
  const unix = /^(\d{1,11})(?:\.(\d{1,9}))?$/.exec(text);
  if (unix !== null) return { seconds: BigInt(unix[1] ?? '0'), nanos: nanosOf(unix[2]) };
  const written = RFC3339.exec(text);
  if (written === null) return undefined;
  const [, date = '', time = '00:00:00', fraction, zone = ''] = written;
  const milliseconds = Date.parse(`${date}T${time}${zone.toUpperCase()}`);
  if (Number.isNaN(milliseconds)) return undefined;
  return { seconds: BigInt(milliseconds / 1000), nanos: nanosOf(fraction) };
}

// Not of toLocaleString: with the first of those Node loads what it knows of all languages, which takes as long as all else of `status`.
const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** The end of a container in local time, as supervisorctl writes it: `Aug 29 10:47 AM`. */
export function formatStopDate(date: Date): string {
  const month = months[date.getMonth()] ?? '';
  const day = String(date.getDate()).padStart(2, '0');
  const hours = date.getHours();
  const clock = `${String(hours % 12 === 0 ? 12 : hours % 12).padStart(2, '0')}:${String(date.getMinutes()).padStart(2, '0')}`;
  return `${month} ${day} ${clock} ${hours < 12 ? 'AM' : 'PM'}`;
}
