import { InvalidArgumentError } from 'commander';
import { parseDuration } from './text/duration';
import { parseSize } from '../runtime/text/size';
import { signalNumber } from '../runtime/text/signals';
import { type Moment, parseMoment } from './text/timestamp';

/** For options that may be given several times. */
export function collect(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** A whole number from 0 up to what 32 bits hold. */
export function wholeNumber(value: string): number {
  const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN;
  if (!(number <= 0xffff_ffff)) throw new InvalidArgumentError('A whole number is wanted.');
  return number;
}

/** Seconds from `10`, `1.5` or `1m30s`. */
export function seconds(value: string): number {
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : parseDuration(value);
  if (number === undefined) throw new InvalidArgumentError('Seconds are wanted, or a duration such as 1m30s.');
  return number;
}

/** Bytes from `64m` and the like. */
export function bytes(value: string): number {
  const number = parseSize(value);
  if (number === undefined) throw new InvalidArgumentError('A size is wanted, such as 64m or 1.5g.');
  return number;
}

/** A number above 0, such as 1.5. */
export function positive(value: string): number {
  const number = /^\d+(\.\d+)?$/.test(value) ? Number(value) : 0;
  if (number <= 0) throw new InvalidArgumentError('A number above 0 is wanted.');
  return number;
}

/** A signal by its name or number. */
export function signalOption(value: string): number {
  const number = signalNumber(value);
  if (number === undefined) throw new InvalidArgumentError('A signal is wanted, such as HUP, SIGHUP or 1.');
  return number;
}

/** `now`, `10m` (ago), a date or a time of this machine's zone, RFC 3339, or seconds since 1970. */
export function moment(text: string): Moment {
  const parsed = parseMoment(text, Date.now());
  if (parsed === undefined) throw new InvalidArgumentError('A time is wanted: 2016-08-29T10:47:00Z, 10m (ago), 16:20, now, or seconds since 1970.');
  return parsed;
}
