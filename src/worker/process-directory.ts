import { mkdirSync } from 'node:fs';
import { makeFifos, makeRuntimeLog } from '../runtime/process-dir';
import { markStarting } from '../runtime/start-mark';
import { type ProcessRecord, writeProcessRecord } from '../runtime/process-file';
import { faultPoint } from '../sys/fault';
import { ProcessHandle } from './process-handle';

/** Makes a process's directory with its files and FIFOs, and opens the daemon's ends. */
export function makeProcessDirectory(dir: string, record: ProcessRecord): ProcessHandle {
  faultPoint('daemon.directory.before-make');
  mkdirSync(dir, { mode: 0o711 });
  // The first file: while it is there, nobody has been told of this start.
  faultPoint('daemon.directory.before-mark');
  markStarting(dir);
  faultPoint('daemon.directory.before-record');
  writeProcessRecord(dir, record);
  faultPoint('daemon.directory.before-fifos');
  makeFifos(dir);
  makeRuntimeLog(dir);
  faultPoint('daemon.directory.before-open');
  return new ProcessHandle(dir);
}
