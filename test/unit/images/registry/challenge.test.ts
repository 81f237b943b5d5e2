import { challengesOf } from '../../../../src/images/registry/challenge';
import { fc } from '../../../support/property';

const plain = (values: readonly string[]): unknown => challengesOf(values).map(({ scheme, params }) => [scheme, Object.fromEntries(params)]);

describe('the challenges of a registry', () => {
  test.each([
    [['Bearer realm="https://auth.example/token",service="registry.example",scope="repository:a/b:pull,push"'], [['bearer', { realm: 'https://auth.example/token', service: 'registry.example', scope: 'repository:a/b:pull,push' }]]],
    [['BASIC Realm=plain'], [['basic', { realm: 'plain' }]]],
    [['Basic realm="a, b", Bearer realm="c"'], [['basic', { realm: 'a, b' }], ['bearer', { realm: 'c' }]]],
    [['Basic realm="a"', 'Bearer realm="c"'], [['basic', { realm: 'a' }], ['bearer', { realm: 'c' }]]],
    [['Bearer realm="with \\"quotes\\" and \\\\"'], [['bearer', { realm: 'with "quotes" and \\' }]]],
    [['Basic'], [['basic', {}]]],
    [['Negotiate YWJj=='], [['negotiate', {}]]],
    [['realm="no scheme"'], []],
    [[''], []],
    [['Bearer realm="not closed'], [['bearer', {}]]],
  ])('%j', (values, challenges) => {
    expect(plain(values)).toEqual(challenges);
  });

  test('what is written is read', () => {
    const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
    const params = fc.dictionary(token, fc.string(), { minKeys: 1, maxKeys: 4, noNullPrototype: true });
    fc.assert(fc.property(fc.array(fc.tuple(token, params), { maxLength: 4 }), (challenges) => {
      const quoted = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`;
      const text = challenges.map(([scheme, given]) => `${scheme} ${Object.entries(given).map(([name, value]) => `${name}=${quoted(value)}`).join(', ')}`).join(', ');
      expect(plain([text])).toEqual(challenges);
    }));
  });

  test('whatever a server says, it is read to an end', () => {
    fc.assert(fc.property(fc.string({ unit: fc.constantFrom('a', 'B', '=', '"', ',', ' ', '\\', '\t'), maxLength: 40 }), (text) => {
      expect(Array.isArray(challengesOf([text]))).toBe(true);
    }));
  });
});
