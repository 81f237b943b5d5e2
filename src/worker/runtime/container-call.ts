import { closeSync, openSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { files } from '../../runtime/state-dir/layout';
import { type RuntimeCommand, logArgs } from '../../runtime/oci/oci-runtime';
import { writeWhole } from '../../runtime/state-dir/whole-file';
import { callRuntime } from './runtime-call';
import type { Takeover } from '../shims/shim';
import type { WorkTools } from '../tools';

/** A running container, as the runtime has to be told of it. */
export interface Target {
  /** Of its init process. */
  readonly takeover: Takeover;
  readonly runtimeArgs: readonly string[];
}

/** Calls the runtime with a verb for a running container. @param input what it reads on its standard input @throws WorkError */
export async function callForContainer(
  tools: WorkTools,
  { takeover, runtimeArgs }: Target,
  verb: string,
  args: (command: RuntimeCommand, id: string) => readonly string[],
  signal: AbortSignal,
  input?: string,
): Promise<void> {
  const logFile = join(takeover.dir, files.log);
  const command = { program: takeover.runtime, globalArgs: [...logArgs(logFile), ...runtimeArgs] };
  const options = { verb, logFile, timeoutMs: tools.startTimeoutMs, runsHooks: false, signal };
  if (input === undefined) {
    await callRuntime(tools, command, args(command, takeover.id), options);
    return;
  }
  const stdin = inputFd(join(takeover.dir, `holdfast-${verb}-input`), input);
  try {
    await callRuntime(tools, command, args(command, takeover.id), { ...options, stdin });
  } finally {
    closeSync(stdin);
  }
}

/** A descriptor to read `input` from: a file without a name, as a pipe would hold 64 KiB only. */
function inputFd(path: string, input: string): number {
  writeWhole(path, input);
  const fd = openSync(path, 'r');
  unlinkSync(path);
  return fd;
}
