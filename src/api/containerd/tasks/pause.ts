import type { PauseTaskRequest, ResumeTaskRequest } from '../../gen/containerd/services/tasks/v1/tasks';
import type { Empty } from '../../gen/google/protobuf/empty';
import type { ProcessState } from '../../../supervisor/process-state';
import type { Verb } from '../../call';
import { classError } from '../errors';
import type { TasksFace } from './face';
import { findTask } from './find-task';
import { inTaskWords } from './task-errors';

const cannotPause: Readonly<Partial<Record<ProcessState, string>>> = {
  created: 'cannot pause task in created state',
  paused: 'cannot pause a paused container',
  stopped: 'cannot pause a stopped container',
};

const cannotResume: Readonly<Partial<Record<ProcessState, string>>> = {
  created: 'cannot resume a created process',
  running: 'cannot resume a running process',
  stopped: 'cannot resume a stopped container',
};

/** Pause: no process of the container gets a processor any more. */
export function pause(face: TasksFace): Verb<PauseTaskRequest, Empty> {
  return async ({ container_id: id }, info) => {
    const { key, view } = await findTask(face, id, info);
    refuse(cannotPause, view.state);
    await inTaskWords({ id, runtimeVerb: 'pause' }, () => face.supervisor.request('pause', { id: key }, info.cancel));
    return {};
  };
}

/** Resume: they go on. */
export function resume(face: TasksFace): Verb<ResumeTaskRequest, Empty> {
  return async ({ container_id: id }, info) => {
    const { key, view } = await findTask(face, id, info);
    refuse(cannotResume, view.state);
    await inTaskWords({ id, runtimeVerb: 'resume' }, () => face.supervisor.request('resume', { id: key }, info.cancel));
    return {};
  };
}

function refuse(texts: Readonly<Partial<Record<ProcessState, string>>>, state: ProcessState): void {
  const text = texts[state];
  if (text !== undefined) throw classError('unknown', text);
}
