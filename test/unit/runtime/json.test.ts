
import { isJsonInteger, isJsonObject, parseJson, printJson } from '../../../src/runtime/json';
import { fc } from '../../support/property';

const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,30})(\.\d{1,20})?([eE][+-]?\d{1,4})?$/);

describe('parseJson and printJson', () => {
  test('a number that JavaScript would round survives', () => {
    const text = '{"hard":18446744073709551615,"least":-9223372036854775808,"zero":-0,"exact":1.0,"far":1e400}';
    expect(printJson(parseJson(text))).toBe(text);
  });

  test('any number survives digit for digit', () => {
    fc.assert(
      fc.property(digits, (text) => {
        expect(printJson(parseJson(`[${text}]`))).toBe(`[${text}]`);
      }),
      { numRuns: 2000 },
    );
  });

  test('agrees with the built-in parser and printer on everything else', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.parse(printJson(parseJson(text)))).toEqual(JSON.parse(text));
      }),
    );
  });

  test('safe integers are numbers, larger ones bigints', () => {
    expect(parseJson('[9007199254740991,9007199254740992,-1]')).toEqual([9007199254740991, 9007199254740992n, -1]);
  });

  test('a member named __proto__ is a member like another', () => {
    const value = parseJson('{"__proto__":{"polluted":1}}');
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(printJson(value)).toBe('{"__proto__":{"polluted":1}}');
  });

  test('of a member that comes twice the last counts', () => {
    expect(parseJson('{"a":1,"a":2}')).toEqual({ a: 2 });
  });

  test.each(['', '{', '{"a":}', '[1,]', 'nul', '{"a":1}x', '"\u0001"', '01'])('refuses %j', (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError);
  });

  test('a depth that no stack holds is an error like another', () => {
    expect(() => parseJson('['.repeat(1e6))).toThrow(SyntaxError);
  });

  test('what has no JSON form cannot be printed', () => {
    expect(() => printJson(undefined)).toThrow(TypeError);
  });
});

test('isJsonObject tells objects from lists, null and wrapped numbers', () => {
  expect(isJsonObject({})).toBe(true);
  for (const value of [null, [], 1, 'x', parseJson('1.0')]) expect(isJsonObject(value)).toBe(false);
});

test('isJsonInteger keeps the bounds across numbers and bigints', () => {
  expect(isJsonInteger(18446744073709551615n, 0, 18446744073709551615n)).toBe(true);
  expect(isJsonInteger(18446744073709551616n, 0, 18446744073709551615n)).toBe(false);
  expect(isJsonInteger(-1, 0, 5)).toBe(false);
  expect(isJsonInteger(1.5, 0, 5)).toBe(false);
  expect(isJsonInteger('1', 0, 5)).toBe(false);
});
