import type { UpdateTaskRequest } from '../../gen/containerd/services/tasks/v1/tasks';
import type { Empty } from '../../gen/google/protobuf/empty';
import { parseJson } from '../../../runtime/json';
import { messageOf } from '../../../sys/thrown';
import type { Verb } from '../../call';
import { classError } from '../errors';
import type { TasksFace } from './face';
import { findTask } from './find-task';
import { inTaskWords } from './task-errors';

/** Update: the client's LinuxResources, as they came, to the runtime. */
export function update(face: TasksFace): Verb<UpdateTaskRequest, Empty> {
  return async ({ container_id: id, resources }, info) => {
    const { key, view } = await findTask(face, id, info);
    if (resources === undefined) throw classError('invalid-argument', 'resources: an update needs some');
    if (view.state === 'stopped') throw classError('unknown', 'cannot update a stopped container');
    const json = Buffer.from(resources.value).toString('utf8');
    try {
      parseJson(json);
    } catch (cause) {
      throw classError('invalid-argument', `resources: ${messageOf(cause)}`, { cause });
    }
    await inTaskWords({ id, runtimeVerb: 'update' }, () => face.supervisor.request('update', { id: key, resources: json }, info.cancel));
    return {};
  };
}
