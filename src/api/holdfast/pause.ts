import { findProgram } from '../../programs/list';
import { notRunning } from '../../programs/errors';
import type { ProgramParts } from '../../programs/parts';
import { isUp } from '../../programs/program';
import type { PauseRequest, PauseResponse } from '../gen/holdfast/v1/containers';
import type { Verb } from '../call';

/** Pause and Resume: all processes of a container are frozen, or go on. */
export function pauseOrResume(parts: ProgramParts, what: 'pause' | 'resume'): Verb<PauseRequest, PauseResponse> {
  return async ({ name }, { cancel }) => {
    const program = await findProgram(parts, name);
    if (!isUp(program)) throw notRunning(name);
    await parts.supervisor.request(what, { id: program.key }, cancel);
    return {};
  };
}
