import { clearOutput } from '../../programs/clear-output';
import type { ProgramParts } from '../../programs/parts';
import type { ClearRequest, ClearResponse } from '../gen/holdfast/v1/output';
import type { Verb } from '../call';
import { requesterOf } from './peer';

/** Clear: what is kept of a program's output goes. */
export function clear(parts: ProgramParts): Verb<ClearRequest, ClearResponse> {
  return async ({ name }, info) => {
    await clearOutput(parts, { name, by: requesterOf(info) });
    return {};
  };
}
