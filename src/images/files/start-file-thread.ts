import type { Worker } from 'node:worker_threads';
import { startThread } from '../../sys/start-thread';

/** MiB. It has a megabyte or two of a blob at a time, and the names of a directory. */
const memory = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 256, stackSizeMb: 1 };

/** Starts a thread for files. @param program the path of its bundle */
export function startFileThread(program: string): Worker {
  return startThread(program, memory);
}
