import { execInProgram } from '../programs/exec';
import { ProgramError, notRunning } from '../programs/errors';
import { viewOf } from '../programs/list';
import type { ManagedOrder } from '../programs/managed';
import { programKey } from '../programs/name';
import { tellRequest } from '../programs/tell';
import { INIT } from '../runtime/state-dir/layout';
import { isAlive } from '../supervisor/process-state';
import type { ManagedDefinition } from './engine/managed-definition';
import type { EngineParts } from './engine/parts';

/**
 * Has what runs of it read its configuration again: by a signal, or by a command, which runs where the program does, as its user.
 * @throws ProgramError `not-running`, `no-reload`, `failed` where the command ends with another status than 0
 */
export async function reloadRun({ programs }: EngineParts, { name, process: { reload } }: ManagedDefinition, order: ManagedOrder): Promise<void> {
  if (reload === undefined) throw new ProgramError('no-reload', name, `the definition of ${name} has neither reload_signal nor reload_command`);
  const id = programKey(name);
  const view = await viewOf(programs, id);
  const init = view?.processes.find((process) => process.id === INIT);
  if (view === undefined || !isAlive(view.state) || init?.record === undefined) throw notRunning(name);
  tellRequest(programs, 'reload', id, order);
  if (reload.is === 'signal') {
    await programs.supervisor.request('signal', { id, processId: INIT, signal: reload.signal });
    return;
  }
  const processId = `reload-${String(programs.nowNs())}`;
  const spec = { ...init.record.spec, args: reload.command, terminal: false };
  await execInProgram(programs, { name, processId, spec, stdio: { stdin: '', stdout: '', stderr: '' }, by: order.by, cancel: order.cancel ?? new AbortController().signal });
  const end = await programs.supervisor.request('wait', { id, processId });
  if (end?.status !== 0) throw new ProgramError('failed', name, `reload_command ended with status ${String(end?.status ?? 'unknown')}`);
}
