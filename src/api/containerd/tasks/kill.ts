import type { KillRequest } from '../../gen/containerd/services/tasks/v1/tasks';
import type { Empty } from '../../gen/google/protobuf/empty';
import { SysError, strerror } from '../../../sys/errors';
import type { Verb } from '../../call';
import { classError } from '../errors';
import type { TasksFace } from './face';
import { findProcess } from './find-task';
import { inTaskWords } from './task-errors';

/** Kill: a signal to the process, or with `all` to every process of the container. */
export function kill(face: TasksFace): Verb<KillRequest, Empty> {
  return async ({ container_id: id, exec_id: execId, signal, all }, info) => {
    const { key, process, processId } = await findProcess(face, id, execId, info);
    if (process.state === 'registered' || process.state === 'creating') throw classError('failed-precondition', 'process not created');
    if (process.state === 'stopped') throw classError('not-found', 'process already finished');
    await inTaskWords({ id, execId }, async () => {
      try {
        if (all && execId === '') await face.supervisor.request('killAll', { id: key, signal }, info.cancel);
        else await face.supervisor.request('signal', { id: key, processId, signal });
      } catch (error) {
        if (error instanceof SysError && error.code === 'EINVAL') throw classError('unknown', `unknown error after kill: ${strerror(error.errno)}`, { cause: error });
        throw error;
      }
    });
    return {};
  };
}
