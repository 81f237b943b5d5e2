import { createReadStream, writeSync } from 'node:fs';
import { LineFramer } from '../../../runtime/line-framer';
import { letGoOfStartCode } from '../../../sys/start-code';
import { calledAs, nameThisProcess } from '../../../sys/process/process-name';
import { messageOf } from '../../../sys/thrown';
import { compareTrees } from '../compare/compare';
import { applyLayer } from './apply';
import { readFiles } from './read-files';
import type { ApplyRequest, LayerAnswer, LayerRequest } from './request';
import { openTarget } from './target';

const STDOUT_FD = 1;
/** Where an archive goes. */
const DATA_FD = 3;
const READ_AT_ONCE = 256 * 1024;

/**
 * `holdfast-layers <request> <pid of its daemon>`: one layer, unpacked or made, in a process with no more rights than that takes. With `-` for a request it unpacks
 * one after the other, as they come. What it says is lines of JSON.
 */
async function main(request: string): Promise<void> {
  // They are trusted: they come from the daemon, which checks what its clients send.
  if (request !== '-') {
    say(await answerTo(JSON.parse(request) as LayerRequest));
    return;
  }
  letGoOfStartCode();
  const framer = new LineFramer();
  for await (const piece of process.stdin as AsyncIterable<Buffer>) {
    for (const line of framer.push(piece)) {
      const answer = await answerTo(JSON.parse(line) as LayerRequest);
      say(answer);
      if (answer.is !== 'done' || answer.isOver === true) return;
    }
  }
}

async function answerTo(request: LayerRequest): Promise<LayerAnswer> {
  try {
    if (request.verb === 'read') return { is: 'read', files: readFiles(request) };
    if (request.verb === 'compare') return { is: 'done', skipped: [], ...(await compareTrees(request, DATA_FD)) };
    return await apply(request);
  } catch (error) {
    return { is: 'failed', message: messageOf(error) };
  }
}

async function apply({ blob, mounts, places, limits, isPacked, sync }: ApplyRequest): Promise<LayerAnswer> {
  const target = openTarget(mounts, places[0]);
  try {
    const source = createReadStream(blob, { highWaterMark: READ_AT_ONCE });
    const applied = await applyLayer(source, target, limits, isPacked);
    if (sync) target.root.sync();
    return { is: 'done', ...applied, isOver: target.hasMounts };
  } finally {
    for (const directory of [target.root, ...target.lower]) directory.close();
  }
}

function say(answer: LayerAnswer): void {
  writeSync(STDOUT_FD, `${JSON.stringify(answer)}\n`);
}

// Its daemon has died before it could be told to end with it: whoever comes next may be at the same files.
if (process.ppid !== Number(process.argv[3])) process.exit(1);
nameThisProcess([calledAs(), ...process.argv.slice(2)]);
main(process.argv[2] ?? '').then(() => { process.exit(0); }, () => { process.exit(1); });
