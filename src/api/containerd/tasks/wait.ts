import type { WaitRequest, WaitResponse } from '../../gen/containerd/services/tasks/v1/tasks';
import type { Verb } from '../../call';
import type { TasksFace } from './face';
import { findProcess } from './find-task';
import { inTaskWords } from './task-errors';
import { timestampOf } from '../time';

/** Wait: answers when the process is over, at once where it is; one that could not be started ends with status 0, at no time. */
export function wait(face: TasksFace): Verb<WaitRequest, WaitResponse> {
  return async ({ container_id: id, exec_id: execId }, info) => {
    const { key, processId } = await findProcess(face, id, execId, info);
    const end = await inTaskWords({ id, execId }, () => face.supervisor.request('wait', { id: key, processId }, info.cancel));
    return { exit_status: end?.status ?? 0, exited_at: timestampOf(end?.exitedAtNs) };
  };
}
