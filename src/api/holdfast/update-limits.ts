import { findProgram } from '../../programs/list';
import { notRunning } from '../../programs/errors';
import type { ProgramParts } from '../../programs/parts';
import { isUp } from '../../programs/program';
import { tellRequest } from '../../programs/tell';
import { parseJson } from '../../runtime/json';
import { messageOf } from '../../sys/thrown';
import type { UpdateLimitsRequest, UpdateLimitsResponse } from '../gen/holdfast/v1/containers';
import type { Verb } from '../call';
import { RequestError } from '../errors';
import { requesterOf } from './peer';

/** UpdateLimits: the client's LinuxResources, as they came, to the runtime. */
export function updateLimits(parts: ProgramParts): Verb<UpdateLimitsRequest, UpdateLimitsResponse> {
  return async ({ name, resources }, info) => {
    const json = Buffer.from(resources).toString('utf8');
    try {
      parseJson(json);
    } catch (cause) {
      throw new RequestError(`resources: ${messageOf(cause)}`, 'resources');
    }
    const program = await findProgram(parts, name);
    if (!isUp(program)) throw notRunning(name);
    tellRequest(parts, 'update', program.key, { by: requesterOf(info) });
    await parts.supervisor.request('update', { id: program.key, resources: json }, info.cancel);
    return {};
  };
}
