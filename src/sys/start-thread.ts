import { type ResourceLimits, Worker } from 'node:worker_threads';

/** Starts a thread that is to have descriptors of its own, by `ownDescriptors`. Until it is told to, it keeps no process alive. @param program the path of its bundle */
export function startThread(program: string, resourceLimits: ResourceLimits): Worker {
  // Its descriptors are copies of the daemon's, which it closes: Node would warn of each on stderr.
  const worker = new Worker(program, { resourceLimits, trackUnmanagedFds: false });
  worker.unref();
  return worker;
}
