import { INIT } from '../../runtime/state-dir/layout';
import { findProgram } from '../../programs/list';
import { notRunning } from '../../programs/errors';
import type { ProgramParts } from '../../programs/parts';
import { isUp } from '../../programs/program';
import { tellRequest } from '../../programs/tell';
import type { SignalRequest, SignalResponse } from '../gen/holdfast/v1/containers';
import type { Verb } from '../call';
import { requesterOf } from './peer';

/** Signal: to the one process that is named. */
export function signal(parts: ProgramParts): Verb<SignalRequest, SignalResponse> {
  return async ({ name, process, signal: number }, info) => {
    const program = await findProgram(parts, name);
    if (!isUp(program)) throw notRunning(name);
    const processId = process === '' ? INIT : process;
    tellRequest(parts, 'signal', program.key, { by: requesterOf(info) }, { signal: number, process: processId });
    await parts.supervisor.request('signal', { id: program.key, processId, signal: number });
    return {};
  };
}
