import { join } from 'node:path';
import { checkName } from '../../../runtime/state-dir/names';
import type { Supervisor } from '../../../supervisor/supervisor';
import type { SupervisorSettings } from '../../../supervisor/context';
import type { Verb } from '../../call';
import { absolutePath, containerId, stdioPath } from '../check';
import { RequestError } from '../../errors';
import type { CreateContainerRequest, CreateContainerResponse } from '../../gen/legacy/api';
import { containerMessage } from '../messages';

/** CreateContainer: creates and starts, and answers when the container runs. */
export function createContainer(
  supervisor: Supervisor,
  settings: SupervisorSettings,
): Verb<CreateContainerRequest, CreateContainerResponse> {
  return async (request, { cancel }) => {
    const id = containerId(request.id);
    if (request.bundlePath === '') throw new RequestError('empty bundle path', 'bundlePath');
    const bundlePath = absolutePath('bundlePath', request.bundlePath);
    const ownRuntime = request.runtime !== '';
    const view = await supervisor.request('start', {
      request: {
        id,
        bundlePath,
        checkpoint: checkpointOf(request, bundlePath),
        stdin: stdioPath('stdin', request.stdin),
        stdout: stdioPath('stdout', request.stdout),
        stderr: stdioPath('stderr', request.stderr),
        labels: request.labels,
        noPivotRoot: request.noPivotRoot,
        runtime: ownRuntime ? request.runtime : settings.runtime,
        runtimeArgs: ownRuntime ? request.runtimeArgs : settings.runtimeArgs,
        shim: settings.shim,
      },
    }, cancel);
    return { container: containerMessage(view) };
  };
}

/** The directory of the checkpoint to restore from; empty for a fresh start. */
function checkpointOf(request: CreateContainerRequest, bundlePath: string): string {
  if (request.checkpoint === '') return '';
  checkName('checkpoint name', request.checkpoint);
  const place = request.checkpointDir === '' ? join(bundlePath, 'checkpoints') : absolutePath('checkpointDir', request.checkpointDir);
  return join(place, request.checkpoint);
}
