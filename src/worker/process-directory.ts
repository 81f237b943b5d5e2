import { mkdirSync } from 'node:fs';
import { makeFifos, markStarting } from '../runtime/process-dir';
import { type ProcessRecord, writeProcessRecord } from '../runtime/process-file';
import { ProcessHandle } from './process-handle';

/** Makes a process's directory with its files and FIFOs, and opens the daemon's ends. */
export function makeProcessDirectory(dir: string, record: ProcessRecord): ProcessHandle {
  mkdirSync(dir, { mode: 0o711 });
  // The first file: while it is there, nobody has been told of this start.
  markStarting(dir);
  writeProcessRecord(dir, record);
  makeFifos(dir);
  return new ProcessHandle(dir);
}
