import type { Supervisor } from '../../../supervisor/supervisor';
import type { Verb } from '../../call';
import { containerId, processId } from '../check';
import type { SignalRequest, SignalResponse } from '../../gen/legacy/api';

/** Signal: to the one process that is named. */
export function signal(supervisor: Supervisor): Verb<SignalRequest, SignalResponse> {
  return async (request) => {
    const target = { id: containerId(request.id), processId: processId(request.pid) };
    await supervisor.request('signal', { ...target, signal: request.signal });
    return {};
  };
}
