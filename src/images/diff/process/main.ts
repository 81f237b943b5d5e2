import { createReadStream, writeSync } from 'node:fs';
import { calledAs, nameThisProcess } from '../../../sys/process/process-name';
import { messageOf } from '../../../sys/thrown';
import { compareTrees } from '../compare/compare';
import { applyLayer } from './apply';
import { readFiles } from './read-files';
import type { LayerAnswer, LayerRequest } from './request';
import { openTarget } from './target';

const STDOUT_FD = 1;
/** The blob, or where the archive goes. */
const DATA_FD = 3;
const READ_AT_ONCE = 1024 * 1024;

/** `holdfast-layers <request> <pid of its daemon>`: one layer, unpacked or made, in a process with no more rights than that takes. Its last word is a line of JSON. */
async function main(request: LayerRequest): Promise<LayerAnswer> {
  if (request.verb === 'read') return { is: 'read', files: readFiles(request) };
  if (request.verb === 'compare') return { is: 'done', skipped: [], ...(await compareTrees(request, DATA_FD)) };
  const target = openTarget(request.mounts, request.places[0]);
  const source = createReadStream('', { fd: DATA_FD, highWaterMark: READ_AT_ONCE });
  const applied = await applyLayer(source, target, request.limits, request.isPacked);
  if (request.sync) target.root.sync();
  return { is: 'done', ...applied };
}

// Its daemon has died before it could be told to end with it: whoever comes next may be at the same files.
if (process.ppid !== Number(process.argv[3])) process.exit(1);
nameThisProcess([calledAs(), ...process.argv.slice(2)]);
// It is trusted: it comes from the daemon, which checks what its clients send.
main(JSON.parse(process.argv[2] ?? '') as LayerRequest)
  .catch((error: unknown): LayerAnswer => ({ is: 'failed', message: messageOf(error) }))
  .then((answer) => {
    writeSync(STDOUT_FD, `${JSON.stringify(answer)}\n`);
    process.exit(0);
  }, () => { process.exit(1); });
