import {
  compareMoments,
  formatMoment,
  formatStopDate,
  millisecondsOf,
  momentOf,
  parseMoment,
} from '../../../../src/ctl/text/timestamp';
import { fc } from '../../../support/property';

const now = Date.UTC(2016, 7, 29, 10, 47, 0);

test.each([
  ['now', 1_472_467_620n, 0],
  ['10m', 1_472_467_020n, 0],
  ['2016-08-29T10:47:00Z', 1_472_467_620n, 0],
  ['2016-08-29T10:47:00.000000001Z', 1_472_467_620n, 1],
  ['2016-08-29T12:47:00.5+02:00', 1_472_467_620n, 500_000_000],
  ['1472467620', 1_472_467_620n, 0],
  ['1472467620.25', 1_472_467_620n, 250_000_000],
])('reads %s', (text, seconds, nanos) => {
  expect(parseMoment(text, now)).toEqual({ seconds, nanos });
});

test('a date without a zone is in local time', () => {
  const local = new Date(2016, 7, 29).getTime();
  expect(parseMoment('2016-08-29', now)).toEqual(momentOf(local));
});

test.each(['', 'yesterday', '2016-13-01', '2016-08-29T10:47', '-5', '1.2.3'])('"%s" is no time', (text) => {
  expect(parseMoment(text, now)).toBeUndefined();
});

test('what is written is read again, to the nanosecond', () => {
  fc.assert(
    fc.property(fc.bigInt(0n, 253_402_300_799n), fc.integer({ min: 0, max: 999_999_999 }), (seconds, nanos) => {
      expect(parseMoment(formatMoment({ seconds, nanos }), now)).toEqual({ seconds, nanos });
    }),
  );
});

test('moments and milliseconds', () => {
  expect(momentOf(1500)).toEqual({ seconds: 1n, nanos: 500_000_000 });
  expect(millisecondsOf({ seconds: 1n, nanos: 500_999_999 })).toBe(1500);
  expect(compareMoments({ seconds: 1n, nanos: 9 }, { seconds: 2n, nanos: 0 })).toBeLessThan(0);
  expect(compareMoments({ seconds: 2n, nanos: 1 }, { seconds: 2n, nanos: 0 })).toBeGreaterThan(0);
  expect(compareMoments({ seconds: 2n, nanos: 1 }, { seconds: 2n, nanos: 1 })).toBe(0);
});

test.each([
  [new Date(2016, 7, 29, 10, 47), 'Aug 29 10:47 AM'],
  [new Date(2016, 0, 3, 0, 5), 'Jan 03 12:05 AM'],
  [new Date(2016, 11, 31, 12, 0), 'Dec 31 12:00 PM'],
  [new Date(2016, 11, 31, 23, 59), 'Dec 31 11:59 PM'],
])('the end of a container: %s', (date, text) => {
  expect(formatStopDate(date)).toBe(text);
});
