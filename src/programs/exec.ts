import type { ProcessSpec } from '../runtime/bundle/process-spec';
import { type ContainerKey, isLegacy } from '../runtime/state-dir/container-key';
import type { StdioPaths } from '../records/definition';
import { findProgram } from './list';
import { notRunning } from './errors';
import type { Asked, ProgramParts } from './parts';
import { isUp } from './program';

export interface ExecOrder extends Asked {
  readonly name: string;
  readonly processId: string;
  readonly spec: ProcessSpec;
  readonly stdio: StdioPaths;
  /** The client goes away: what does not run yet is undone. */
  readonly cancel: AbortSignal;
}

/** Runs another process in a container. It goes with its end. @returns its pid @throws ProgramError, and what the core says */
export async function execInProgram(parts: ProgramParts, { name, processId, spec, stdio, cancel }: ExecOrder): Promise<number> {
  const program = await findProgram(parts, name);
  if (!isUp(program)) throw notRunning(name);
  const { supervisor } = parts;
  const { key: id } = program;
  const task = { id, processId, spec, ...stdio };
  if (isLegacy(id)) return supervisor.request('exec', task, cancel);
  await supervisor.request('registerExec', task, cancel);
  try {
    return await supervisor.request('startExec', { id, processId }, cancel);
  } finally {
    void deleteAtEnd(parts, id, processId);
  }
}

/** An exec'd process of the core stays until it is deleted: nobody has a use for that here, as its end is in the log. */
export async function deleteAtEnd({ supervisor, log }: ProgramParts, id: ContainerKey, processId: string): Promise<void> {
  try {
    await supervisor.request('wait', { id, processId });
    await supervisor.request('deleteExec', { id, processId });
  } catch (error) {
    // Its container is gone, or the daemon ends: the next one sees to it.
    log.debug({ id, process: processId, err: error }, 'an exec was not deleted');
  }
}
