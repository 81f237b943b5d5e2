import { INIT } from '../../../runtime/state-dir/layout';
import type { GetRequest, GetResponse, ListTasksRequest, ListTasksResponse } from '../../gen/containerd/services/tasks/v1/tasks';
import type { Verb } from '../../call';
import { namespaceOf } from '../namespace';
import type { TasksFace } from './face';
import { findProcess } from './find-task';
import { processMessage } from './process-message';

/** Get: a task, or an exec'd process of it. */
export function get(face: TasksFace): Verb<GetRequest, GetResponse> {
  return async ({ container_id: id, exec_id: execId }, info) => {
    const { view, process } = await findProcess(face, id, execId, info);
    return { process: processMessage(view, process) };
  };
}

/** List: all tasks of the namespace, those that are over too. The filter is ignored, as by every server. */
export function list(face: TasksFace): Verb<ListTasksRequest, ListTasksResponse> {
  return async (_request, { metadata }) => {
    const views = await face.supervisor.request('getContainers', { id: '', namespace: namespaceOf(metadata) });
    return {
      tasks: views.flatMap((view) => view.processes.filter((process) => process.id === INIT).map((init) => processMessage(view, init))),
    };
  };
}

