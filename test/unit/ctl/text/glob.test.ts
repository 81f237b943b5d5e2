import { isGlob, matchesGlob } from '../../../../src/ctl/text/glob';
import { fc } from '../../../support/property';

test.each([
  ['web*', 'web', true],
  ['web*', 'web-1', true],
  ['web*', 'aweb', false],
  ['*', '', true],
  ['w?b', 'wéb', true],
  ['w?b', 'wb', false],
  ['[a-c]x', 'bx', true],
  ['[!a-c]x', 'bx', false],
  ['[!a-c]x', 'dx', true],
  ['[]x]', ']', true],
  ['[', '[', true],
  ['a[b', 'a[b', true],
  ['\\*', '*', true],
  ['\\*', 'a', false],
  ['a.b', 'axb', false],
  ['(a|b)+$', '(a|b)+$', true],
  ['a*', 'a\nb', true],
])('%s against %s', (pattern, name, matches) => {
  expect(matchesGlob(pattern, name)).toBe(matches);
});

test('what needs no pattern is matched by itself only', () => {
  const plain = fc.string({ unit: 'grapheme' }).filter((text) => !/[*?[\\]/.test(text));
  fc.assert(
    fc.property(plain, plain, (pattern, name) => {
      expect(isGlob(pattern)).toBe(false);
      expect(matchesGlob(pattern, name)).toBe(pattern === name);
    }),
  );
});

test('any pattern has an answer, and soon', () => {
  const nasty = fc.string({ unit: fc.constantFrom('[', ']', '!', '^', '-', '\\', '*', '?', 'a', 'b') });
  fc.assert(
    fc.property(nasty, nasty, (pattern, name) => {
      expect(typeof matchesGlob(pattern, name)).toBe('boolean');
    }),
    { numRuns: 2000 },
  );
  expect(matchesGlob('*a'.repeat(50), 'a'.repeat(5000) + 'b')).toBe(false);
});

test('each run of any characters is found', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c') }), { minLength: 1 }), (parts) => {
      expect(matchesGlob(parts.join('*'), parts.join('bca'))).toBe(true);
    }),
  );
});
