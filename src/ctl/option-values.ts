import { InvalidArgumentError } from 'commander';
import { parseDuration } from './text/duration';
import { parseSize } from './text/size';

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
