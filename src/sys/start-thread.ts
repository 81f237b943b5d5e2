import { type ResourceLimits, Worker } from 'node:worker_threads';
import { openDescriptors } from './open-descriptors';

/** What a thread is given that has descriptors of its own. */
export interface ThreadData {
  /** The targets of pipes that were open when the program began, among them Node's own. */
  readonly pipesOfStart: readonly string[];
}

/** Before any other pipe is made: modules are evaluated before the program's first step. */
const data: ThreadData = { pipesOfStart: openDescriptors().map(({ target }) => target).filter((target) => target.startsWith('pipe:')) };

/** Starts a thread that is to have descriptors of its own, by `ownDescriptors`. Until it is told to, it keeps no process alive. @param program the path of its bundle */
export function startThread(program: string, resourceLimits: ResourceLimits): Worker {
  // Its descriptors are copies of the daemon's, which it closes: Node would warn of each on stderr.
  const worker = new Worker(program, { resourceLimits, trackUnmanagedFds: false, workerData: data });
  worker.unref();
  return worker;
}
