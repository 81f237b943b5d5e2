import { selectByName } from '../../../src/ctl/names';

const known = ['a', 'b', 'web-1', 'web-2'].map((name) => ({ name }));
const ids = (...names: string[]): string[] => selectByName(known, names).matched.map(({ name }) => name);

test('no name, or all, means everything', () => {
  expect(ids()).toEqual(['a', 'b', 'web-1', 'web-2']);
  expect(ids('b', 'all')).toEqual(['a', 'b', 'web-1', 'web-2']);
});

test('in the order asked for, each once', () => {
  expect(ids('web-*', 'b', 'web-1')).toEqual(['web-1', 'web-2', 'b']);
});

test('names and patterns that nothing matches', () => {
  expect(selectByName(known, ['x*', 'a', 'y'])).toEqual({ matched: [{ name: 'a' }], unknown: ['x*', 'y'], isWide: true });
});

test('a name with an unclosed pattern in it is found by itself', () => {
  expect(selectByName([{ name: 'a\\b' }], ['a\\b']).unknown).toEqual([]);
});

test('the name of a group means all its processes, with and without a star', () => {
  const all = ['alone', 'web:web_00', 'web:web_01', 'webs'].map((name) => ({ name }));
  const found = (name: string): unknown => {
    const { matched, unknown, isWide } = selectByName(all, [name]);
    return [matched.map((one) => one.name), unknown, isWide];
  };
  expect(found('web')).toEqual([['web:web_00', 'web:web_01'], [], true]);
  expect(found('web:*')).toEqual([['web:web_00', 'web:web_01'], [], true]);
  expect(found('web:web_01')).toEqual([['web:web_01'], [], false]);
  expect(found('alone:*')).toEqual([['alone'], [], true]);
  expect(found('alone:alone')).toEqual([['alone'], [], true]);
  expect(found('we')).toEqual([[], ['we'], false]);
});
