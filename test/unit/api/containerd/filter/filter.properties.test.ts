import { matches, parseFilters } from '../../../../../src/api/containerd/filter/filter';
import { FilterError } from '../../../../../src/api/containerd/filter/scanner';
import { fc } from '../../../../support/property';

describe('filters of any text', () => {
  test('it is read or refused, and nothing else', () => {
    fc.assert(fc.property(fc.string({ maxLength: 40, unit: fc.constantFrom(...'ab.,=!~"|/\\ \u00e4(*') }), (text) => {
      try {
        matches(parseFilters([text]), () => 'a value');
      } catch (error) {
        expect(error).toBeInstanceOf(FilterError);
      }
    }), { numRuns: 10_000 });
  });

  test('a value in quotes is found again, whatever it holds', () => {
    fc.assert(fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (value) => {
      expect(matches(parseFilters([`field==${JSON.stringify(value)}`]), () => value)).toBe(true);
    }));
  });

  test('a pattern without a special character finds what a search finds', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab/-'), maxLength: 6 });
    fc.assert(fc.property(text, text, fc.boolean(), fc.boolean(), (value, sought, atBegin, atEnd) => {
      const pattern = `${atBegin ? '^' : ''}${sought}${atEnd ? '$' : ''}`;
      expect(matches(parseFilters([`field~="${pattern}"`]), () => value)).toBe(new RegExp(pattern).test(value));
    }));
  });

  test('an expression that would take others for ever takes no time', () => {
    expect(matches(parseFilters(['field~=/^(a+)+$/']), () => `${'a'.repeat(60)}!`)).toBe(false);
  });
});
