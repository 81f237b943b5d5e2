import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { errorLine } from '../../../../src/agent/definitions/errors';
import { readDefinitionFile } from '../../../../src/agent/definitions/read-file';
import { bringTogether, noDefinitions } from '../../../../src/agent/definitions/set';

const fixtures = join(__dirname, '../../../fixtures/definitions');

/** The lines that a user is to see, file by file. */
const expected = readFileSync(join(fixtures, 'broken.txt'), 'utf8').trimEnd().split('\n');

function errorsOf(name: string): readonly string[] {
  const file = readDefinitionFile(name, readFileSync(join(fixtures, 'broken', name), 'utf8'));
  return bringTogether(noDefinitions, [file]).errors.map(errorLine);
}

describe('a broken definition is told in one clear line', () => {
  test.each(readdirSync(join(fixtures, 'broken')))('%s', (name) => {
    const lines = expected.filter((line) => line.startsWith(`${name}:`));
    expect(lines.length).toBeGreaterThan(0);
    expect(errorsOf(name)).toEqual(lines);
  });

  test('and no line is expected of a file that is not there', () => {
    const names = new Set(readdirSync(join(fixtures, 'broken')));
    expect(expected.filter((line) => !names.has(line.split(':')[0] ?? ''))).toEqual([]);
  });
});
