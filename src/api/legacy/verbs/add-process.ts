import { execProcessSpec } from '../../../runtime/bundle/exec-spec';
import type { Supervisor } from '../../../supervisor/supervisor';
import type { Verb } from '../../call';
import { containerId, processId, stdioPath } from '../check';
import { RequestError } from '../../errors';
import type { AddProcessRequest, AddProcessResponse } from '../../gen/legacy/api';

/** AddProcess: execs another process and answers with the pid that it has on the host. */
export function addProcess(supervisor: Supervisor): Verb<AddProcessRequest, AddProcessResponse> {
  return async (request, { cancel }) => {
    if (request.id === '') throw new RequestError('container id cannot be empty', 'id');
    if (request.pid === '') throw new RequestError('process id cannot be empty', 'pid');
    const systemPid = await supervisor.request('exec', {
      id: containerId(request.id),
      processId: processId(request.pid),
      spec: execProcessSpec(request),
      stdin: stdioPath('stdin', request.stdin),
      stdout: stdioPath('stdout', request.stdout),
      stderr: stdioPath('stderr', request.stderr),
    }, cancel);
    return { systemPid };
  };
}
