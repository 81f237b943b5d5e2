import { selectByName } from '../../../src/ctl/names';

const known = ['a', 'b', 'web-1', 'web-2'].map((id) => ({ id }));
const ids = (...names: string[]): string[] => selectByName(known, names).matched.map(({ id }) => id);

test('no name, or all, means everything', () => {
  expect(ids()).toEqual(['a', 'b', 'web-1', 'web-2']);
  expect(ids('b', 'all')).toEqual(['a', 'b', 'web-1', 'web-2']);
});

test('in the order asked for, each once', () => {
  expect(ids('web-*', 'b', 'web-1')).toEqual(['web-1', 'web-2', 'b']);
});

test('names and patterns that nothing matches', () => {
  expect(selectByName(known, ['x*', 'a', 'y'])).toEqual({ matched: [{ id: 'a' }], unknown: ['x*', 'y'] });
});

test('a name with an unclosed pattern in it is found by itself', () => {
  expect(selectByName([{ id: 'a\\b' }], ['a\\b']).unknown).toEqual([]);
});
