import { viewOf } from '../../programs/list';
import { programKey } from '../../programs/name';
import type { DefinitionRecord } from '../../records/definition-record';
import { SupervisorError } from '../../supervisor/errors';
import type { EngineParts } from './parts';
import { generationLabel } from './run-labels';

/**
 * Takes away the task of a run that is over, with its cgroup and its root's mounts, once its end is written down: so nothing of it lies about until the next start, which would have
 * to do it first (2 to 5 ms of it). A daemon that dies before leaves it to the next one, or to that start. Settles when it is gone, or somebody else has seen to it.
 */
export async function removeEnded({ programs }: EngineParts, name: string, generation: number): Promise<void> {
  const id = programKey(name);
  // Not in the middle of a start.
  await programs.turns.run(name, async () => {
    const view = await viewOf(programs, id);
    if (view?.state !== 'stopped' || !isOfGeneration(programs.definitions.find(name), generation)) return;
    try {
      await programs.supervisor.request('deleteTask', { id });
    } catch (error) {
      // Deleted by a client meanwhile; or a file system hangs, or the daemon ends: the next start tries again.
      if (!(error instanceof SupervisorError)) throw error;
    }
  });
}

/** A run before it is over in any case; another one after it has an end that is not written down yet. */
function isOfGeneration(record: DefinitionRecord | undefined, generation: number): boolean {
  return record?.definition.labels.includes(generationLabel(generation)) === true;
}
