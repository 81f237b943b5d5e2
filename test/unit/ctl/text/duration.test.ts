import { formatUptime, parseDuration } from '../../../../src/ctl/text/duration';

test.each([
  [0, '0:00:00'],
  [125.9, '0:02:05'],
  [3600, '1:00:00'],
  [86_399, '23:59:59'],
  [86_400, '1 day, 0:00:00'],
  [12 * 86_400 + 1, '12 days, 0:00:01'],
  [-3, '0:00:00'],
])('%d seconds up is %s', (seconds, text) => {
  expect(formatUptime(seconds)).toBe(text);
});

test.each([
  ['90s', 90],
  ['1h30m', 5400],
  ['2d', 172_800],
  ['1.5m', 90],
])('%s is %d seconds', (text, seconds) => {
  expect(parseDuration(text)).toBe(seconds);
});

test.each(['', '10', 's', '10x', '-5s', '1h ', '1.m'])('"%s" is no duration', (text) => {
  expect(parseDuration(text)).toBeUndefined();
});
