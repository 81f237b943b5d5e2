import { closeSync, fstatSync, openSync, readSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { RuntimeError } from '../../runtime/errors';
import { Fields } from '../../runtime/fields';
import { isHostRuntime } from '../../runtime/host/host-name';
import { hostState } from '../../runtime/host/start';
import { parseJson } from '../../runtime/json';
import { files } from '../../runtime/state-dir/layout';
import { logArgs, stateArgs } from '../../runtime/oci/oci-runtime';
import { SysError } from '../../sys/errors';
import { errorCodeOf } from '../../sys/thrown';
import { WorkError } from '../errors';
import { callRuntime } from './runtime-call';
import type { Takeover } from '../shims/shim';
import type { WorkTools } from '../tools';

/** A restart waits for the answer, and a runtime gives it in some 20 ms. */
const longestMs = 5000;

/** What the runtime's own record tells of a container's first process; it checks the start time by itself. */
export type RuntimeState =
  /** `isCreated`: it has not been started yet. */
  | { readonly is: 'running'; readonly pid: number; readonly isCreated: boolean }
  | { readonly is: 'over' }
  /** It does not know the container, cannot read its record, or cannot be asked. */
  | { readonly is: 'unknown'; readonly cause: Error };

/**
 * Asks the runtime for a container's state (OCI runtime specification, Query State).
 * @param init the container's first process
 * @param runtimeArgs the container's own flags
 * @throws SysError of its start
 */
export async function askRuntimeState(tools: WorkTools, init: Takeover, runtimeArgs: readonly string[]): Promise<RuntimeState> {
  if (isHostRuntime(init.runtime)) return askOnHost(init);
  const logFile = join(init.dir, files.log);
  const command = { program: init.runtime, globalArgs: [...logArgs(logFile), ...runtimeArgs] };
  const stdout = outputFd(join(init.dir, 'holdfast-state-output'));
  try {
    await callRuntime(tools, command, stateArgs(command, init.id), { verb: 'state', logFile, timeoutMs: longestMs, runsHooks: false, stdout });
    return stateOf(textOf(stdout));
  } catch (error) {
    if (!(error instanceof WorkError || error instanceof RuntimeError)) throw error;
    // It could not be started, for want of something of this daemon's: that says nothing of the container.
    if (error.code === 'runtime-failed' && error.cause instanceof SysError) throw error.cause;
    return { is: 'unknown', cause: error };
  } finally {
    closeSync(stdout);
  }
}

function askOnHost({ dir }: Takeover): RuntimeState {
  try {
    return hostState(dir);
  } catch (error) {
    if (!(error instanceof RuntimeError)) throw error;
    return { is: 'unknown', cause: error };
  }
}

function stateOf(text: string): RuntimeState {
  const source = "the runtime's state";
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (cause) {
    throw new RuntimeError('bad-message', `${source}: not valid JSON`, { cause });
  }
  const fields = Fields.of(value, source, 'bad-message');
  const status = fields.string('status');
  if (status === 'stopped') return { is: 'over' };
  return { is: 'running', pid: fields.integer('pid', 1), isCreated: status === 'created' };
}

/** A descriptor to write to and to read from: a file without a name, as a pipe would want a reader meanwhile. */
function outputFd(path: string): number {
  try {
    unlinkSync(path);
  } catch (error) {
    if (errorCodeOf(error) !== 'ENOENT') throw error;
  }
  const fd = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  return fd;
}

/** From the start: the program has moved the position that it shares with us. */
function textOf(fd: number): string {
  const bytes = Buffer.alloc(fstatSync(fd).size);
  return bytes.toString('utf8', 0, readSync(fd, bytes, 0, bytes.length, 0));
}
