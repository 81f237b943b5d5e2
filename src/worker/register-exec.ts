import { existsSync, mkdirSync } from 'node:fs';
import { markRegistered } from '../runtime/state-dir/start-mark';
import { type ProcessRecord, writeProcessRecord } from '../runtime/state-dir/process-file';
import { faultPoint } from '../sys/fault';
import { discardDir, replaceDir } from './discard';
import type { Takeover } from './shims/shim';
import type { WorkTools } from './tools';

/**
 * Writes down what an exec'd process is to be, for its start later: also by another daemon. In one step, also in the place of a start
 * that was taken back: a restart finds the one or the other. @throws the system's errors: then nothing has changed
 */
export function registerExec(tools: WorkTools, { dir }: Takeover, record: ProcessRecord): void {
  faultPoint('daemon.register.before-directory');
  replaceDir(tools.stateDir, dir, (fresh) => {
    mkdirSync(fresh, { mode: 0o711 });
    writeProcessRecord(fresh, record);
    markRegistered(fresh);
    faultPoint('daemon.register.before-rename');
  });
}

/** Takes back a registration that nobody was told of. Never throws: what stays goes with the next of that name, or the container. */
export function unregisterExec(tools: WorkTools, { dir }: Takeover): void {
  try {
    if (existsSync(dir)) discardDir(tools.stateDir, dir);
  } catch (error) {
    tools.log.error({ dir, err: error }, 'what an exec left that was not registered cannot be removed');
  }
}
