import type { DeleteProcessRequest, DeleteResponse, DeleteTaskRequest } from '../../gen/containerd/services/tasks/v1/tasks';
import type { DeletedProcess } from '../../../supervisor/task';
import type { Verb } from '../../call';
import { classError } from '../errors';
import type { TasksFace } from './face';
import { findProcess, findTask } from './find-task';
import { inTaskWords } from './task-errors';
import { timestampOf } from '../time';

/** Delete: removes a task that is over, or was never started, with all that it has left. */
export function deleteTask(face: TasksFace): Verb<DeleteTaskRequest, DeleteResponse> {
  return async ({ container_id: id }, info) => {
    const { key } = await findTask(face, id, info);
    const deleted = await inTaskWords({ id, prefix: 'failed to delete task: ' }, () => face.supervisor.request('deleteTask', { id: key }, info.cancel));
    return deletedMessage('', deleted);
  };
}

/** DeleteProcess: removes an exec'd process that is over, or was never started. */
export function deleteProcess(face: TasksFace): Verb<DeleteProcessRequest, DeleteResponse> {
  return async ({ container_id: id, exec_id: execId }, info) => {
    if (execId === '') throw classError('invalid-argument', 'exec id cannot be empty');
    const { key, processId } = await findProcess(face, id, execId, info);
    const deleted = await inTaskWords({ id, execId }, () => face.supervisor.request('deleteExec', { id: key, processId }, info.cancel));
    return deletedMessage(execId, deleted);
  };
}

function deletedMessage(id: string, { pid, end }: DeletedProcess): DeleteResponse {
  return { id, pid, exit_status: end?.status ?? 0, exited_at: timestampOf(end?.exitedAtNs) };
}
