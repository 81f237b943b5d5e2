import { rootGidOf } from '../../../runtime/bundle/root-gid';
import { parseJson } from '../../../runtime/json';
import { INIT } from '../../../runtime/state-dir/layout';
import { LEGACY_NAMESPACE } from '../../../runtime/state-dir/container-key';
import type { Descriptor } from '../../gen/containerd/types/descriptor';
import type { CreateTaskRequest, CreateTaskResponse } from '../../gen/containerd/services/tasks/v1/tasks';
import { messageOf } from '../../../sys/thrown';
import type { CallInfo, Verb } from '../../call';
import { FaceError, classError } from '../errors';
import { descriptorOf } from '../images/descriptor-message';
import { inImageWords } from '../images/image-errors';
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
    const { program, ...runtime } = taskRuntimeOf(record.runtime.name, request.options ?? record.runtime.options, face.runtimeRoot, name.namespace);
    const stdio = stdioOf(request);
    const config = Buffer.from(record.spec.value);
    const rootfs = request.rootfs.map(({ type, source, options }) => ({ type, source, options }));
    const bundlePath = face.ownBundle(name);
    const made = (checkpoint: string) => inTaskWords({ id, runtimeVerb: checkpoint === '' ? 'create' : 'restore', prefix: 'failed to create shim task: ' }, () =>
      face.supervisor.request('createTask', {
        request: {
          id: key,
          bundlePath,
          ownBundle: { config, rootfs, groupId: rootGidOf(parsedSpec(config, id)) },
          checkpoint,
          ...stdio,
          labels: [],
          runtime: program,
          ...runtime,
          shim: face.shim,
        },
        detail: { bundle: bundlePath, rootfs, io: { ...stdio, terminal: request.terminal }, checkpoint },
      }, info.cancel));
    const view = request.checkpoint === undefined ? await made('') : await restored(face, name.namespace, request.checkpoint, made, info);
    return { container_id: id, pid: view.processes.find((process) => process.id === INIT)?.systemPid ?? 0 };
  };
}

/** From the blob of a checkpoint, whose files are there for as long as that takes. */
function restored<T>({ checkpoints }: TasksFace, namespace: string, checkpoint: Descriptor, made: (imagePath: string) => Promise<T>, { cancel }: CallInfo): Promise<T> {
  return inImageWords(() => checkpoints.inPlace(async (place) => {
    await checkpoints.unpack(namespace, descriptorOf(checkpoint), place, cancel);
    return made(place.imagePath);
  }));
}

function parsedSpec(config: Buffer, id: string): unknown {
  try {
    return parseJson(config.toString('utf8'));
  } catch (cause) {
    throw new FaceError('unknown', `failed to create shim task: the spec of container ${id}: ${messageOf(cause)}: unknown`, { cause });
  }
}
