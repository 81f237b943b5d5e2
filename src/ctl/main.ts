import { basename } from 'node:path';
import { processIo } from './process-io';
import { run } from './run';

const [, program = '', ...args] = process.argv;
/** Docker of those days has its own name for it. */
const isCtr = /^(docker-)?(containerd-)?ctr$/.test(basename(program));
const ended = isCtr ? import('./ctr/run').then(({ runCtr }) => runCtr(basename(program), args, processIo())) : run(args, processIo());

// What was written is out by now: Node writes to files, pipes and terminals synchronously. An open
// stdin, which an attached process leaves behind, would otherwise keep this one alive.
void ended.then((status) => process.exit(status));
