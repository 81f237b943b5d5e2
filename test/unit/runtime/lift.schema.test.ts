import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import Ajv from 'ajv';

import { parseJson, printJson } from '../../../src/runtime/json';
import { liftSpec } from '../../../src/runtime/bundle/lift';
import { fc } from '../../support/property';

const fixtures = join(__dirname, '../../fixtures');
const validate = new Ajv({ allErrors: true, strict: false }).compile(
  JSON.parse(readFileSync(join(fixtures, 'oci-schema/config.schema.json'), 'utf8')) as object,
);
const specs = ['oci-spec', 'oci-spec-forms'].flatMap((directory) =>
  readdirSync(join(fixtures, directory)).map((name): [string, string] => [name, readFileSync(join(fixtures, directory, name), 'utf8')]),
);

/** What the schema has against a spec. ajv knows no bigints: it sees the numbers that JSON.parse makes of them. */
function complaints(spec: unknown): string[] {
  return validate(JSON.parse(printJson(spec))) ? [] : (validate.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`);
}

test.each(specs)('%s, lifted, is a spec of 1.0', (_, text) => {
  expect(complaints(liftSpec(parseJson(text)).spec)).toEqual([]);
});

test('the schema sees an old form where there is one', () => {
  for (const [name, text] of specs) {
    const needsLift = liftSpec(parseJson(text)).changed;
    expect([name, complaints(parseJson(text)).length > 0]).toEqual([name, needsLift]);
  }
});

// Members that 1.0 requires where their object is there; and a name of the client's, not of the specification.
const essential = new Set([
  'process', 'root', 'ociVersion', 'args', 'cwd', 'path', 'type', 'soft', 'hard', 'destination', 'allow', 'major', 'minor', 'rate',
  'defaultAction', 'action', 'name', 'names', 'index', 'value', 'op', 'limit', 'height', 'width', 'net.ipv4.ip_forward',
]);

test('each optional part of a spec may be absent or null', () => {
  fc.assert(
    fc.property(fc.constantFrom(...specs), fc.array(fc.tuple(fc.nat(200), fc.boolean()), { maxLength: 10 }), ([, text], changes) => {
      const spec = parseJson(text);
      for (const [at, isNull] of changes) {
        const members = membersIn(spec).filter(([, name]) => !essential.has(name));
        const [object, name] = members[at % members.length] ?? [];
        if (object === undefined || name === undefined) continue;
        if (isNull) object[name] = null;
        else delete object[name];
      }
      expect(complaints(liftSpec(spec).spec)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

function membersIn(value: unknown): [Record<string, unknown>, string][] {
  if (Array.isArray(value)) return value.flatMap(membersIn);
  if (typeof value !== 'object' || value === null) return [];
  const object = value as Record<string, unknown>;
  return Object.keys(object).flatMap((name) => [[object, name] as [Record<string, unknown>, string], ...membersIn(object[name])]);
}
