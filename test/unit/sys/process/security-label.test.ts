import { isLabelled } from '../../../../src/sys/process/security-label';

test('a label that can be read is one, whatever it says', () => {
  expect(isLabelled('/proc/self/comm')).toBe(true);
});

test('a kernel without labels has no such file, or nothing to say', () => {
  expect(isLabelled('/proc/self/attr/no-such-file')).toBe(false);
});

test('what cannot be told counts as labelled', () => {
  // EISDIR stands for whatever else may go wrong.
  expect(isLabelled('/proc/self')).toBe(true);
});
