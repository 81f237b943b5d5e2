import type { CloseIORequest, ResizePtyRequest } from '../../gen/containerd/services/tasks/v1/tasks';
import type { Empty } from '../../gen/google/protobuf/empty';
import { isAlive } from '../../../supervisor/process-state';
import type { Verb } from '../../call';
import type { TasksFace } from './face';
import { findProcess } from './find-task';
import { inTaskWords } from './task-errors';

/** ResizePty: sets the terminal's size, in characters; a process without one, or one that is over, has none to set. */
export function resizePty(face: TasksFace): Verb<ResizePtyRequest, Empty> {
  return async ({ container_id: id, exec_id: execId, width, height }, info) => {
    const { key, processId, process } = await findProcess(face, id, execId, info);
    if (process.record?.spec.terminal !== true || !isAlive(process.state)) return {};
    await inTaskWords({ id, execId }, () => face.supervisor.request('updateProcess', { id: key, processId, closeStdin: false, width, height }));
    return {};
  };
}

/** CloseIO: lets go of the write end of stdin that is held here: the process sees its end once the client has closed its own. */
export function closeIo(face: TasksFace): Verb<CloseIORequest, Empty> {
  return async ({ container_id: id, exec_id: execId, stdin }, info) => {
    const { key, processId, process } = await findProcess(face, id, execId, info);
    // One that does not run yet may have no record; its stdin is closed once it does.
    if (!stdin || process.state === 'stopped' || process.record?.stdin === '') return {};
    await inTaskWords({ id, execId }, () => face.supervisor.request('updateProcess', { id: key, processId, closeStdin: true, width: 0, height: 0 }));
    return {};
  };
}
