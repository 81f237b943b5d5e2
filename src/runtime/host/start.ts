import { closeSync, constants, existsSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { faultPoint } from '../../sys/fault';
import { isRunning } from '../../sys/process/process';
import { errorCodeOf } from '../../sys/thrown';
import { files } from '../state-dir/layout';
import { readPid, readStarttime } from '../state-dir/process-dir';
import { writeWhole } from '../state-dir/whole-file';
import { hostError } from './host-error';
import { readHostFile } from './host-file';

/** What is known of a host program's first process: as of a container's, see src/worker/runtime/runtime-state.ts. */
export type HostState = { readonly is: 'running'; readonly pid: number; readonly isCreated: boolean } | { readonly is: 'over' };

/**
 * Lets the stub go, which becomes the program. That it is to go is written down first: who is killed in between has another
 * finish it (`hostState`), and to say it twice does nothing.
 * @throws RuntimeError `host-program` where no stub waits
 */
export function startProgram(initDir: string): void {
  const { startFifo } = readHostFile(initDir);
  writeWhole(join(initDir, files.hostStarted), '');
  faultPoint('host.start.noted');
  if (!letGo(startFifo)) throw hostError(`host program ${initDir} has ended, or was started before`);
}

/** How far it is. A start that somebody was killed over is finished. @throws RuntimeError */
export function hostState(initDir: string): HostState {
  const { startFifo } = readHostFile(initDir);
  const pid = readPid(initDir);
  if (pid === undefined || !isRunning(pid, readStarttime(initDir))) return { is: 'over' };
  const isCreated = !existsSync(join(initDir, files.hostStarted));
  if (!isCreated) letGo(startFifo);
  return { is: 'running', pid, isCreated };
}

/** Has a stub become its program. @returns whether one waits: it alone has the FIFO open, for reading and writing, and never sees its end */
export function letGo(startFifo: string): boolean {
  let fd: number;
  try {
    fd = openSync(startFifo, constants.O_WRONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    if (errorCodeOf(error) === 'ENXIO' || errorCodeOf(error) === 'ENOENT') return false;
    throw error;
  }
  try {
    writeSync(fd, 'start\n');
    return true;
  } finally {
    closeSync(fd);
  }
}
