import { signalNumber } from '../../../../src/runtime/text/signals';

test.each([
  ['HUP', 1],
  ['SIGHUP', 1],
  ['hup', 1],
  ['1', 1],
  ['TERM', 15],
  ['64', 64],
  ['RTMIN', 34],
  ['SIGRTMIN+2', 36],
  ['RTMAX-1', 63],
])('%s is %d', (text, number) => {
  expect(signalNumber(text)).toBe(number);
});

test.each(['', '0', '65', '-1', 'SIG', 'FOO', 'RTMIN-1', 'RTMAX+1', 'toString'])('"%s" is no signal', (text) => {
  expect(signalNumber(text)).toBeUndefined();
});
