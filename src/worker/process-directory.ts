import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeFifos, makeRuntimeLog } from '../runtime/state-dir/process-dir';
import { files } from '../runtime/state-dir/layout';
import { markRegisteredStarting, markStarting } from '../runtime/state-dir/start-mark';
import { type ProcessRecord, writeProcessRecord } from '../runtime/state-dir/process-file';
import { faultPoint } from '../sys/fault';
import { mkfifo } from '../sys/files/files';
import { ProcessHandle } from './process-handle';

/** Makes a process's directory with its files and FIFOs, and opens the daemon's ends. */
export function makeProcessDirectory(dir: string, record: ProcessRecord): ProcessHandle {
  begin(dir, record);
  return complete(dir, record);
}

/** The same of an exec'd process that has been registered: its directory and its record are there. A restart finds it registered, or starting. */
export function completeProcessDirectory(dir: string, record: ProcessRecord): ProcessHandle {
  faultPoint('daemon.directory.before-mark');
  markRegisteredStarting(dir);
  return complete(dir, record);
}

function begin(dir: string, record: ProcessRecord): void {
  faultPoint('daemon.directory.before-make');
  mkdirSync(dir, { mode: 0o711 });
  // The first file: while it is there, nobody has been told of this start.
  faultPoint('daemon.directory.before-mark');
  markStarting(dir);
  faultPoint('daemon.directory.before-record');
  writeProcessRecord(dir, record);
}

function complete(dir: string, { stdin }: ProcessRecord): ProcessHandle {
  faultPoint('daemon.directory.before-fifos');
  makeFifos(dir);
  makeRuntimeLog(dir);
  if (stdin === join(dir, files.input)) mkfifo(stdin, 0o600);
  faultPoint('daemon.directory.before-open');
  return new ProcessHandle(dir);
}
