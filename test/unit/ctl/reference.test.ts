import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeProgram } from '../../../src/ctl/program';
import { manPage, markdown } from '../../../src/ctl/reference';
import type { Tool } from '../../../src/ctl/tool';
import { FakeIo } from './support/fake-io';

const nothing = (): never => { throw new Error('nothing is run here'); };
const tool: Tool = {
  io: new FakeIo(), paint: (_colour, text) => text, width: undefined, address: nothing, connect: nothing,
  print: nothing, printJson: nothing, explain: nothing, hint: nothing, onReaderGone: nothing, finish: nothing,
};
const read = (path: string): string => readFileSync(join(__dirname, '../../..', path), 'utf8');

// `make build` writes both.
test.each([['docs/cli.md', markdown], ['packaging/holdfastctl.1', manPage]] as const)('%s is what the table of commands says', (path, make) => {
  expect(read(path)).toBe(make(makeProgram(tool)));
});
