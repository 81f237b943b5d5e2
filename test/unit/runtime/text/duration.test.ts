import { parseDuration } from '../../../../src/runtime/text/duration';
import { fc } from '../../../support/property';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

describe('parseDuration', () => {
  test.each([
    ['0', 0],
    ['+0', 0],
    ['-0', 0],
    ['-0s', 0],
    ['0s', 0],
    ['5s', 5 * SECOND],
    ['+5s', 5 * SECOND],
    ['2m', 2 * MINUTE],
    ['1m30s', 90 * SECOND],
    ['500ms', 500],
    ['1.5h', 1.5 * HOUR],
    ['1h1m1s1ms', HOUR + MINUTE + SECOND + 1],
    ['1s1h', HOUR + SECOND],
    ['1m1m', 2 * MINUTE],
    ['5.s', 5 * SECOND],
    ['.5s', 500],
    ['1.004s', 1_004],
    ['500us', 0.5],
    ['500µs', 0.5],
    ['500μs', 0.5],
    ['1ns', 0.000_001],
    ['0.9ns', 0],
    ['0.333333333333333333333h', 1_199_999.999_999],
    ['007m', 7 * MINUTE],
    ['2562047h47m16.854775807s', 9_223_372_036_854.775_807],
  ])('%s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  test.each([
    ['', /expected a duration/],
    ['-', /expected a duration/],
    ['s', /expected a duration/],
    ['.', /expected a duration/],
    ['.s', /expected a duration/],
    ['five', /expected a duration/],
    ['--5s', /expected a duration/],
    ['5', /unit is missing/],
    ['00', /unit is missing/],
    ['1m30', /unit is missing/],
    ['1.2.3s', /unit is missing/],
    ['5d', /unknown unit "d"/],
    ['5S', /unknown unit "S"/],
    ['1 s', /unknown unit " s"/],
    ['1s ', /unknown unit "s "/],
    ['-1s', /negative/],
    ['-1ns', /negative/],
    ['2562047h47m16.854775808s', /too long/],
    [`${'9'.repeat(100_000)}s`, /too long/],
  ])('refuses %p', (text, message) => {
    expect(() => parseDuration(text)).toThrow(message);
    expect(() => parseDuration(text)).toThrow(RangeError);
  });

  test('adds up whatever segments it is given, to the nanosecond', () => {
    const units = { h: 3_600_000_000_000n, m: 60_000_000_000n, s: 1_000_000_000n, ms: 1_000_000n, us: 1_000n, ns: 1n };
    const segment = fc.record({
      count: fc.bigInt({ min: 0n, max: 9_999n }),
      unit: fc.constantFrom('h', 'm', 's', 'ms', 'us', 'ns'),
    });
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1, maxLength: 8 }), (segments) => {
        const text = segments.map(({ count, unit }) => `${count}${unit}`).join('');
        const ns = segments.reduce((sum, { count, unit }) => sum + count * units[unit], 0n);
        expect(parseDuration(text)).toBe(Number(ns) / 1e6);
      }),
    );
  });

  test('reads any text as a duration of zero or more, or refuses it with a RangeError', () => {
    const text = fc.oneof(fc.string(), fc.string({ unit: fc.constantFrom(...'0123456789.+-hmsnuµ') }));
    fc.assert(
      fc.property(text, (given) => {
        try {
          expect(parseDuration(given)).toBeGreaterThanOrEqual(0);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
