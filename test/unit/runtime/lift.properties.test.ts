import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';


import { parseJson, printJson } from '../../../src/runtime/json';
import { liftSpec } from '../../../src/runtime/bundle/lift';
import { fc } from '../../support/property';

type Members = Record<string, unknown>;
type Edit = { readonly kind: 'drop' | 'null' | 'add'; readonly object: number; readonly member: number; readonly value: unknown };

const fixtures = join(__dirname, '../../fixtures/oci-spec');
const texts = readdirSync(fixtures).map((name) => readFileSync(join(fixtures, name), 'utf8'));
const modernText = readFileSync(join(fixtures, 'docker-17.10.0-ce.json'), 'utf8');

// A value that no spec has, with numbers that JavaScript would round.
const foreign = fc.oneof(fc.jsonValue(), fc.bigInt({ min: 2n ** 53n, max: 2n ** 70n }));
const edits = (...kinds: Edit['kind'][]): fc.Arbitrary<Edit[]> =>
  fc.array(fc.record({ kind: fc.constantFrom(...kinds), object: fc.nat(200), member: fc.nat(20), value: foreign }), { maxLength: 12 });
const anySpec = fc
  .tuple(fc.constantFrom(...texts), edits('drop', 'null', 'add'))
  .map(([text, changes]) => edited(parseJson(text), changes));

test('lifting twice is lifting once', () => {
  fc.assert(
    fc.property(anySpec, (spec) => {
      const once = liftSpec(spec);
      const twice = liftSpec(once.spec);
      expect(twice.changed).toBe(false);
      expect(twice.spec).toBe(once.spec);
    }),
    { numRuns: 200 },
  );
});

test('the input is left alone', () => {
  fc.assert(
    fc.property(anySpec, (spec) => {
      const before = printJson(spec);
      const { spec: lifted, changed } = liftSpec(deepFreeze(spec));
      expect(printJson(spec)).toBe(before);
      expect(lifted !== spec).toBe(changed);
    }),
    { numRuns: 200 },
  );
});

test('unknown members are all there afterwards, as they were', () => {
  fc.assert(
    fc.property(anySpec, (spec) => {
      const kept = new Map(foreignMembers(liftSpec(spec).spec));
      for (const [name, text] of foreignMembers(spec)) {
        // One inside of what is left out as a whole (the platform, an empty hooks) goes with it.
        if (!name.includes('platform.')) expect([name, kept.get(name)]).toEqual([name, text]);
      }
    }),
    { numRuns: 200 },
  );
});

test('a 1.0 spec, whatever else is in it, is given back itself', () => {
  fc.assert(
    fc.property(edits('add'), (changes) => {
      const spec = edited(parseJson(modernText), changes);
      expect(liftSpec(spec).spec).toBe(spec);
    }),
    { numRuns: 200 },
  );
});

test('the numbers of a fixture survive digit for digit', () => {
  for (const text of texts) {
    const numbers = (from: string): string[] => from.match(/(?<=[:[,])-?\d+(?=[,}\]])/g) ?? [];
    // Of the numbers only a swappiness of -1 goes, and a user's zeros may come.
    const expected = numbers(text.replace(/,"swappiness":18446744073709551615/, ''));
    const found = numbers(printJson(liftSpec(parseJson(text)).spec).replace('"user":{"uid":0,"gid":0}', '""'));
    expect(found.sort()).toEqual(expected.slice(text.includes('"user":{}') ? 0 : 2).sort());
  }
});

test('no JSON value at all makes it throw', () => {
  const named = fc.dictionary(fc.constantFrom('process', 'linux', 'hooks', 'resources', 'memory', 'blockIO', 'seccomp', 'user'), fc.jsonValue());
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), named), (value) => {
      const { spec } = liftSpec(value);
      expect(liftSpec(spec).changed).toBe(false);
    }),
    { numRuns: 1000 },
  );
});

/** Makes the changes at objects that are found by number, so that any list of them is one. */
function edited(spec: unknown, changes: readonly Edit[]): unknown {
  for (const [at, { kind, object, member, value }] of changes.entries()) {
    const objects = objectsIn(spec);
    const target = objects[object % objects.length];
    if (target === undefined) continue;
    const name = Object.keys(target)[member];
    if (kind === 'add') target[`x-foreign-${at}`] = value;
    else if (name === undefined) continue;
    else if (kind === 'drop') delete target[name];
    else target[name] = null;
  }
  return spec;
}

function objectsIn(value: unknown): Members[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  if (!isMembers(value)) return [];
  return [value, ...Object.entries(value).flatMap(([name, member]) => (name.startsWith('x-') ? [] : objectsIn(member)))];
}

/** Every foreign member, named by where it is, less what a lift renames or moves on the way there. */
function foreignMembers(value: unknown, path = ''): [string, string][] {
  if (Array.isArray(value)) return value.flatMap((item, at) => foreignMembers(item, `${path}[${at}]`));
  if (!isMembers(value)) return [];
  return Object.entries(value).flatMap(([name, member]): [string, string][] => {
    if (name.startsWith('x-foreign-')) return [[`${path}${name}`, printJson(member)]];
    return foreignMembers(member, `${path}${name}.`);
  });
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const member of Object.values(value)) deepFreeze(member);
    Object.freeze(value);
  }
  return value;
}
