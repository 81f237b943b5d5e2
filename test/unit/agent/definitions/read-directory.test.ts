import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { DefinitionDirectory } from '../../../../src/agent/definitions/read-directory';

describe('a directory that is read again', () => {
  const path = mkdtempSync(join(tmpdir(), 'holdfast-definitions-'));
  const at = (name: string): string => join(path, name);
  const write = (name: string, command: string): void => { writeFileSync(at(`${name}.toml`), `[program.${name}]\ncommand = "${command}"\n`); };
  afterAll(() => { rmSync(path, { recursive: true }); });

  test('says what its files say now, and works out only those that are other ones', async () => {
    const directory = new DefinitionDirectory(path);
    write('one', '/bin/one');
    write('two', '/bin/two');
    const first = await directory.read();
    expect(first.map(({ programs }) => programs[0]?.command)).toEqual([['/bin/one'], ['/bin/two']]);
    // As long as before, and of the same time: only the bytes tell.
    write('two', '/bin/2nd');
    for (const name of ['one.toml', 'two.toml']) utimesSync(at(name), 1, 1);
    const second = await directory.read();
    expect(second.map(({ programs }) => programs[0]?.command)).toEqual([['/bin/one'], ['/bin/2nd']]);
    expect([second[0] === first[0], second[1] === first[1]]).toEqual([true, false]);
    rmSync(at('one.toml'));
    write('three', '');
    expect((await directory.read()).map((file) => [file.path, file.errors.length])).toEqual([[at('three.toml'), 1], [at('two.toml'), 0]]);
    write('one', '/bin/one');
    expect((await directory.read()).map(({ path: file }) => file)).toEqual(['one', 'three', 'two'].map((name) => at(`${name}.toml`)));
  });
});
