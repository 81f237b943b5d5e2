import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeProgram } from '../../../../src/ctl/program/program';
import { commands } from '../../../../src/ctl/program/registry';
import { manPage, markdown } from '../../../../src/ctl/program/reference';
import type { Tool } from '../../../../src/ctl/tool';
import { FakeIo } from '../support/fake-io';

const nothing = (): never => { throw new Error('nothing is run here'); };
const tool: Tool = {
  io: new FakeIo(), paint: (_colour, text) => text, width: undefined, address: nothing, connect: nothing,
  print: nothing, printJson: nothing, explain: nothing, hint: nothing, onReaderGone: nothing, finish: nothing,
};
const read = (path: string): string => readFileSync(join(__dirname, '../../../..', path), 'utf8');

// `make build` writes both.
test.each([['docs/cli.md', markdown], ['packaging/holdfastctl.1', manPage]] as const)('%s is what the table of commands says', async (path, make) => {
  expect(read(path)).toBe(make(await makeProgram(tool)));
});

test('a verb that is asked for alone is the same as among all', async () => {
  const program = await makeProgram(tool);
  for (const { names } of commands) {
    const added = (await makeProgram(tool, [names[0] ?? ''])).verbs;
    expect(added.length === 1 || names[0] === 'completion').toBe(true);
    for (const name of names) {
      const alone = added.find((verb) => [verb.name(), ...verb.aliases()].includes(name));
      const among = program.verbs.find((verb) => [verb.name(), ...verb.aliases()].includes(name));
      expect(alone?.helpInformation()).toBe(among?.helpInformation());
      expect(alone).toBeDefined();
    }
  }
  expect(program.verbs.map((verb) => [verb.name(), ...verb.aliases()])).toEqual(commands.map(({ names }) => names));
});
