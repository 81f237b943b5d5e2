import type { Worker } from 'node:worker_threads';
import { startThread } from '../sys/start-thread';

/** MiB. The thread has little to remember: its tables' statements, and the changes of a moment. */
const memory = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 128, stackSizeMb: 1 };

/**
 * Starts the thread that is to have the records' database: it waits to be told where that is. Until then it keeps no process alive.
 * @param program the path of its bundle
 */
export function startRecordsThread(program: string): Worker {
  return startThread(program, memory);
}
