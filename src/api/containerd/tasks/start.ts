import type { StartRequest, StartResponse } from '../../gen/containerd/services/tasks/v1/tasks';
import type { Verb } from '../../call';
import type { TasksFace } from './face';
import { findProcess } from './find-task';
import { inTaskWords } from './task-errors';

/** Start: lets a created task go, or runs an exec'd process that has been registered. */
export function start(face: TasksFace): Verb<StartRequest, StartResponse> {
  return async ({ container_id: id, exec_id: execId }, info) => {
    const { key, processId } = await findProcess(face, id, execId, info);
    const attempt = { id, execId, runtimeVerb: execId === '' ? 'start' : 'exec' };
    const pid = await inTaskWords(attempt, () =>
      execId === ''
        ? face.supervisor.request('startTask', { id: key }, info.cancel)
        : face.supervisor.request('startExec', { id: key, processId }, info.cancel));
    return { pid };
  };
}
