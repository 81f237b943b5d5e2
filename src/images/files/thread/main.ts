import { type MessagePort, parentPort } from 'node:worker_threads';
import { ownDescriptors } from '../../../sys/own-descriptors';
import { errorCodeOf, messageOf } from '../../../sys/thrown';
import type { FileOutcome, FileRequest, ToFileThread } from './messages';
import { operations } from './operations';
import { OpenIngests } from './open-ingests';

/**
 * A thread that works on the files of blobs and snapshots: all that their disk can hang at, and all that takes time for many bytes or files, is done in such a
 * one. A request is answered before the next begins, except where it waits itself.
 */
function main(port: MessagePort): void {
  ownDescriptors();
  const ingests = new OpenIngests();
  port.on('message', (message: ToFileThread) => {
    // Nothing is left to wait for, and so the thread ends.
    if (message === 'close') port.close();
    else void answer(port, ingests, message);
  });
}

async function answer(port: MessagePort, ingests: OpenIngests, { id, operation, args }: FileRequest): Promise<void> {
  let outcome: FileOutcome;
  let transfer: readonly ArrayBuffer[] = [];
  try {
    const work = operations[operation] as (ingests: OpenIngests, ...args: readonly unknown[]) => unknown;
    const made = work(ingests, ...args);
    const result = made instanceof Promise ? await (made as Promise<unknown>) : made;
    if (result instanceof Uint8Array && result.buffer instanceof ArrayBuffer) transfer = [result.buffer];
    outcome = { id, is: 'done', result };
  } catch (error) {
    outcome = { id, is: 'failed', code: errorCodeOf(error), message: messageOf(error) };
  }
  port.postMessage(outcome, transfer);
}

if (parentPort !== null) main(parentPort);
