import { rootGidOf } from '../../../runtime/bundle/root-gid';
import { parseJson } from '../../../runtime/json';
import { INIT } from '../../../runtime/state-dir/layout';
import { LEGACY_NAMESPACE } from '../../../runtime/state-dir/container-key';
import type { CreateTaskRequest, CreateTaskResponse } from '../../gen/containerd/services/tasks/v1/tasks';
import { messageOf } from '../../../sys/thrown';
import type { Verb } from '../../call';
import { FaceError, classError } from '../errors';
import type { TasksFace } from './face';
import { findContainer } from './find-task';
import { stdioOf } from './stdio';
import { taskRuntimeOf } from './runtime-options';
import { inTaskWords } from './task-errors';

/** Create: writes the bundle, mounts the root file system and has the runtime create the container; its init process waits. */
export function create(face: TasksFace): Verb<CreateTaskRequest, CreateTaskResponse> {
  return async (request, info) => {
    const { container_id: id } = request;
    const { name, key, record } = await findContainer(face, id, info);
    if (name.namespace === LEGACY_NAMESPACE) throw classError('failed-precondition', `namespace ${LEGACY_NAMESPACE}: its tasks are made through the API of containerd 0.2`);
    if (record.spec === undefined) throw classError('invalid-argument', `container ${id} has no spec`);
    if (request.checkpoint !== undefined) throw classError('not-implemented', 'restoring from a checkpoint of the content store');
    const { program, ...runtime } = taskRuntimeOf(record.runtime.name, request.options ?? record.runtime.options, face.runtimeRoot, name.namespace);
    const stdio = stdioOf(request);
    const config = Buffer.from(record.spec.value);
    const rootfs = request.rootfs.map(({ type, source, options }) => ({ type, source, options }));
    const bundlePath = face.ownBundle(name);
    const view = await inTaskWords({ id, runtimeVerb: 'create', prefix: 'failed to create shim task: ' }, () =>
      face.supervisor.request('createTask', {
        request: {
          id: key,
          bundlePath,
          ownBundle: { config, rootfs, groupId: rootGidOf(parsedSpec(config, id)) },
          checkpoint: '',
          ...stdio,
          labels: [],
          runtime: program,
          ...runtime,
          shim: face.shim,
        },
        detail: { bundle: bundlePath, rootfs, io: { ...stdio, terminal: request.terminal }, checkpoint: '' },
      }, info.cancel));
    return { container_id: id, pid: view.processes.find((process) => process.id === INIT)?.systemPid ?? 0 };
  };
}

function parsedSpec(config: Buffer, id: string): unknown {
  try {
    return parseJson(config.toString('utf8'));
  } catch (cause) {
    throw new FaceError('unknown', `failed to create shim task: the spec of container ${id}: ${messageOf(cause)}: unknown`, { cause });
  }
}
