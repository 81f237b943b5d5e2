import { parse, stringify } from 'smol-toml';
import { type KeyPlace, pathKey, placesOf } from '../../../../src/agent/definitions/toml-places';
import { fc } from '../../../support/property';

function textAt(source: string, place: KeyPlace | undefined): string {
  return place === undefined ? '' : (source.split('\n')[place.line - 1] ?? '').slice(place.column - 1);
}

test('tables, dotted keys, inline tables, arrays and their members', () => {
  const source = [
    '# [not.a.table]',
    '[program.web] # a comment',
    'command = ["/srv/web", "a]b",',
    '  "c"]',
    "note = '''",
    "[program.none]'''",
    'health = { tcp = "x:1", "inter val" = 5 }',
    'limits.memory = "1m"',
    '[[many]]',
    'a = 1',
    '[[many]]',
    '  a = 2',
    '[many.below]',
    'when = 1979-05-27 07:32:00',
    '"quo\\"ted".key = """a\\"""',
    'x"""',
    'last = 1',
  ].join('\n');
  parse(source.replace('"inter val"', '"inter val"'));
  const places = placesOf(source);
  const at = (...path: (string | number)[]): string | undefined => {
    const place = places.get(pathKey(path));
    return place === undefined ? undefined : `${String(place.line)}:${String(place.column)}`;
  };
  expect(at('program', 'none')).toBeUndefined();
  expect(at('program', 'web')).toBe('2:1');
  expect(at('program', 'web', 'command')).toBe('3:1');
  expect(at('program', 'web', 'command', 1)).toBe('3:24');
  expect(at('program', 'web', 'command', 2)).toBe('4:3');
  expect(at('program', 'web', 'note')).toBe('5:1');
  expect(at('program', 'web', 'health', 'tcp')).toBe('7:12');
  expect(at('program', 'web', 'health', 'inter val')).toBe('7:25');
  expect(at('program', 'web', 'limits', 'memory')).toBe('8:1');
  expect(at('many', 0, 'a')).toBe('10:1');
  expect(at('many', 1)).toBe('11:1');
  expect(at('many', 1, 'a')).toBe('12:3');
  expect(at('many', 1, 'below', 'when')).toBe('14:1');
  expect(at('many', 1, 'below', 'quo"ted', 'key')).toBe('15:1');
  expect(at('many', 1, 'below', 'last')).toBe('17:1');
});

test('each key of any document has a place, and it stands there', () => {
  const key = fc.constantFrom('a', 'b', 'c-d', 'e f', 'g.h', 'i"j', 'ü');
  const leaf = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.array(fc.string(), { maxLength: 3 }));
  const { table } = fc.letrec<{ table: unknown; value: unknown }>((tie) => ({
    table: fc.dictionary(key, tie('value'), { maxKeys: 4 }),
    value: fc.oneof({ depthSize: 'small' }, leaf, tie('table')),
  }));
  fc.assert(fc.property(table, (document) => {
    const source = stringify(document);
    const places = placesOf(source);
    for (const path of pathsOf(document)) {
      const text = textAt(source, places.get(pathKey(path)));
      const last = path.at(-1) ?? '';
      expect(text).toContain(/^[A-Za-z0-9_-]+$/.test(last) ? last : JSON.stringify(last));
    }
  }), { numRuns: 300 });
});

function pathsOf(value: unknown, path: readonly string[] = []): readonly (readonly string[])[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([key, each]) => [[...path, key], ...pathsOf(each, [...path, key])]);
}

test('any text at all is scanned to its end', () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom('[', ']', '"', '\'', '=', '{', '}', ',', '\n', 'a', '#', '.', '\\', ' ') }), (source) => {
    expect(placesOf(source)).toBeDefined();
  }), { numRuns: 1000 });
});
