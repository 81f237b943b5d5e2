import { parseSize } from '../../../../src/runtime/text/size';

test.each([
  ['4096', 4096],
  ['64m', 67_108_864],
  ['64MiB', 67_108_864],
  ['64MB', 67_108_864],
  ['1.5g', 1_610_612_736],
  ['2 k', 2048],
  ['7b', 7],
])('%s is %d bytes', (text, bytes) => {
  expect(parseSize(text)).toBe(bytes);
});

test.each(['', 'm', '-1', '1x', '1e3', '99999999999t'])('"%s" is no size', (text) => {
  expect(parseSize(text)).toBeUndefined();
});
