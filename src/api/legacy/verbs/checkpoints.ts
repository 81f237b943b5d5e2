import { checkName } from '../../../runtime/state-dir/names';
import type { Supervisor } from '../../../supervisor/supervisor';
import type { Verb } from '../../call';
import { absolutePath, containerId } from '../check';
import { RequestError } from '../../errors';
import type {
  CreateCheckpointRequest,
  CreateCheckpointResponse,
  DeleteCheckpointRequest,
  DeleteCheckpointResponse,
  ListCheckpointRequest,
  ListCheckpointResponse,
} from '../../gen/legacy/api';

/** CreateCheckpoint: through the runtime and criu. */
export function createCheckpoint(supervisor: Supervisor): Verb<CreateCheckpointRequest, CreateCheckpointResponse> {
  return async (request, { cancel }) => {
    const { checkpoint } = request;
    if (checkpoint === undefined) throw new RequestError('checkpoint name cannot be empty', 'checkpoint');
    checkName('checkpoint name', checkpoint.name);
    const id = containerId(request.id);
    await supervisor.request('createCheckpoint', { id, checkpoint, checkpointDir: placeOf(request.checkpointDir) }, cancel);
    return {};
  };
}

/** DeleteCheckpoint. */
export function deleteCheckpoint(supervisor: Supervisor): Verb<DeleteCheckpointRequest, DeleteCheckpointResponse> {
  return async (request) => {
    checkName('checkpoint name', request.name);
    const id = containerId(request.id);
    await supervisor.request('deleteCheckpoint', { id, name: request.name, checkpointDir: placeOf(request.checkpointDir) });
    return {};
  };
}

/** ListCheckpoint: those that are whole. */
export function listCheckpoint(supervisor: Supervisor): Verb<ListCheckpointRequest, ListCheckpointResponse> {
  return async (request) => {
    const id = containerId(request.id);
    const checkpoints = await supervisor.request('listCheckpoints', { id, checkpointDir: placeOf(request.checkpointDir) });
    return { checkpoints: checkpoints.map((one) => ({ ...one, emptyNS: [...one.emptyNS] })) };
  };
}

function placeOf(checkpointDir: string): string {
  return checkpointDir === '' ? '' : absolutePath('checkpointDir', checkpointDir);
}
