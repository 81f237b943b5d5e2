import { viewOf } from '../../programs/list';
import { programKey } from '../../programs/name';
import { printJson } from '../../runtime/json';
import type { Limits } from '../definitions/definition';
import { changedResources } from '../launch/resources';
import type { EngineParts } from './parts';

/** Changes the limits of a program while it runs; one that does not has the new ones at its next start. @throws what the core refuses */
export async function updateLimits({ programs }: Pick<EngineParts, 'programs'>, name: string, before: Limits, after: Limits): Promise<void> {
  const resources = changedResources(before, after);
  const id = programKey(name);
  const state = resources === undefined ? undefined : (await viewOf(programs, id))?.state;
  if (state === 'running' || state === 'paused') await programs.supervisor.request('update', { id, resources: printJson(resources) });
}
