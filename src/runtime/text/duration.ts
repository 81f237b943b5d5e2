const NANOSECONDS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['µs', 1_000n], // U+00B5, the micro sign
  ['μs', 1_000n], // U+03BC, the Greek letter
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);

/** Go keeps a duration in a signed 64-bit number of nanoseconds: about 292 years. */
const LONGEST_NS = 2n ** 63n - 1n;

const SEGMENT = /^(\d*)(?:\.(\d*))?([^\d.]*)/;

/**
 * Reads a duration as Go's `time.ParseDuration` does (https://pkg.go.dev/time#ParseDuration): `2m`,
 * `1m30s`, `500ms`, `1.5h`, `.5s`, and `0`, the only number that needs no unit. Fractions of a
 * nanosecond are cut off. Durations below zero make no sense to any setting and are refused.
 *
 * @returns milliseconds, with a fraction where the text has one (`500us` is 0.5)
 * @throws RangeError whose message says what is wrong, without repeating the text
 */
export function parseDuration(text: string): number {
  const negative = text.startsWith('-');
  let rest = text.replace(/^[+-]/, '');
  if (rest === '0') return 0;
  if (rest === '') throw new RangeError('expected a duration such as "30s" or "1m30s"');
  let totalNs = 0n;
  while (rest !== '') {
    const [segment = '', whole = '', fraction = '', unit = ''] = SEGMENT.exec(rest) ?? [];
    if (whole === '' && fraction === '') {
      throw new RangeError('expected a duration such as "30s" or "1m30s"');
    }
    totalNs += segmentNs(whole, fraction, unit);
    if (totalNs > LONGEST_NS) throw new RangeError('the duration is too long');
    rest = rest.slice(segment.length);
  }
  if (negative && totalNs > 0n) throw new RangeError('a duration cannot be negative');
  return Number(totalNs) / 1e6;
}

function segmentNs(whole: string, fraction: string, unit: string): bigint {
  if (unit === '') throw new RangeError('the unit is missing; units are ns, us, ms, s, m and h');
  const unitNs = NANOSECONDS.get(unit);
  if (unitNs === undefined) {
    throw new RangeError(`unknown unit ${JSON.stringify(unit)}; units are ns, us, ms, s, m and h`);
  }
  // No duration in range has more digits, and BigInt takes quadratic time over longer ones.
  if (whole.replace(/^0+/, '').length > 19) throw new RangeError('the duration is too long');
  const digits = fraction.slice(0, 18);
  const wholeNs = BigInt(whole || '0') * unitNs;
  const fractionNs = (BigInt(digits || '0') * unitNs) / 10n ** BigInt(digits.length);
  return wholeNs + fractionNs;
}
