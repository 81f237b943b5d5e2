import { basename } from 'node:path';
import { untilWritten } from './output/write';
import { processIo } from './process-io';
import { run } from './program/run';

const [, program = '', ...args] = process.argv;
/** Docker of those days has its own name for it. */
const isCtr = /^(docker-)?(containerd-)?ctr$/.test(basename(program));
const ended = isCtr ? import('./ctr/run').then(({ runCtr }) => runCtr(basename(program), args, processIo())) : run(args, processIo());

// An open stdin, which an attached process leaves behind, would otherwise keep this one alive.
void ended.then(async (status) => {
  await Promise.all([untilWritten(process.stdout), untilWritten(process.stderr)]);
  process.exit(status);
});
