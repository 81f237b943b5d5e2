import { listPrograms } from '../../programs/list';
import { PROGRAMS_NAMESPACE } from '../../programs/name';
import type { ProgramParts } from '../../programs/parts';
import { isOver, removeProgram } from '../../programs/remove';
import { nameOf } from '../../runtime/state-dir/container-key';
import type { PruneRequest, PruneResponse, RemoveRequest, RemoveResponse } from '../gen/holdfast/v1/containers';
import type { Verb } from '../call';
import { requesterOf } from './peer';

/** Remove: forgets one that does not run. */
export function remove(parts: ProgramParts): Verb<RemoveRequest, RemoveResponse> {
  return async ({ name, force }, info) => {
    await removeProgram(parts, { name, force, by: requesterOf(info) });
    return {};
  };
}

/** Prune: forgets all programs that do not run, but for those that a file defines. */
export function prune(parts: ProgramParts): Verb<PruneRequest, PruneResponse> {
  return async (_request, info) => {
    const ended = (await listPrograms(parts, false)).filter((program) => nameOf(program.key).namespace === PROGRAMS_NAMESPACE && isOver(program) && program.managed?.isOfCommandLine !== false);
    const by = requesterOf(info);
    await Promise.all(ended.map(({ name }) => removeProgram(parts, { name, force: false, by })));
    return { names: ended.map(({ name }) => name) };
  };
}
