import { Worker } from 'node:worker_threads';

/** MiB. It has a megabyte or two of a blob at a time, and the names of a directory. */
const memory = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 256, stackSizeMb: 1 };

/** Starts a thread for files. @param program the path of its bundle */
export function startFileThread(program: string): Worker {
  // Its descriptors are copies of the daemon's, which it closes: Node would warn of each on stderr.
  const worker = new Worker(program, { resourceLimits: memory, trackUnmanagedFds: false });
  worker.unref();
  return worker;
}
