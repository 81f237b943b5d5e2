// Writes the pages that are made of the command table: called by build.mjs with the directories for them.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeProgram } from './program/program';
import { manPage, markdown } from './program/reference';
import { processIo } from './process-io';

const [docs = 'docs', man = 'packaging'] = process.argv.slice(2);
const nothing = (): never => { throw new Error('nothing is run here'); };
void makeProgram({
  io: processIo(), paint: (_colour, text) => text, width: undefined, address: nothing, connect: nothing,
  print: nothing, printJson: nothing, explain: nothing, hint: nothing, onReaderGone: nothing, finish: nothing,
}).then((program) => {
  writeFileSync(join(docs, 'cli.md'), markdown(program));
  writeFileSync(join(man, 'holdfastctl.1'), manPage(program));
});
