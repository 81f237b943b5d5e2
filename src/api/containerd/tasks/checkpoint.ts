import { isAbsolute } from 'node:path';
import type { CheckpointOptions } from '../../../runtime/oci/oci-runtime';
import type { ProcessState } from '../../../supervisor/process-state';
import { CheckpointOptions as OptionsOfV1 } from '../../gen/containerd/runtimes/v1-options';
import { CheckpointOptions as Options } from '../../gen/containerd/runtimes/runc-options';
import type { CheckpointTaskRequest, CheckpointTaskResponse } from '../../gen/containerd/services/tasks/v1/tasks';
import { Any } from '../../gen/google/protobuf/any';
import type { Verb } from '../../call';
import { FaceError, classError } from '../errors';
import { descriptorMessage } from '../images/descriptor-message';
import { placeOf } from '../images/face';
import { inImageWords } from '../images/image-errors';
import type { TasksFace } from './face';
import { findTask } from './find-task';
import { inTaskWords } from './task-errors';

const cannotCheckpoint: Readonly<Partial<Record<ProcessState, string>>> = {
  created: 'cannot checkpoint a task in created state',
  stopped: 'cannot checkpoint a stopped container',
};

const optionsOfTypes = new Map<string, { decode(bytes: Uint8Array): Options }>([['containerd.runc.v1.CheckpointOptions', Options], ['containerd.linux.runc.CheckpointOptions', OptionsOfV1]]);

/** Checkpoint: through the runtime and criu, into a directory that the client names, or else into two blobs: the archive of criu's images, and the container's spec. */
export function checkpoint({ checkpoints, ...face }: TasksFace): Verb<CheckpointTaskRequest, CheckpointTaskResponse> {
  return async ({ container_id: id, options: any }, info) => {
    const { key, view, record } = await findTask({ checkpoints, ...face }, id, info);
    const text = cannotCheckpoint[view.state];
    if (text !== undefined) throw classError('unknown', text);
    if (record.spec === undefined) throw classError('invalid-argument', `container ${id} has no spec`);
    const spec = Any.encode(record.spec).finish();
    const asked = parse(any);
    return inImageWords(() => checkpoints.inPlace(async (place) => {
      const imagePath = asked.image_path === '' ? place.imagePath : asked.image_path;
      const options = { ...optionsOf(asked), imagePath, workPath: asked.work_path === '' ? place.workPath : asked.work_path };
      try {
        await inTaskWords({ id, runtimeVerb: 'checkpoint' }, () => face.supervisor.request('checkpointTask', { id: key, options }, info.cancel));
      } catch (error) {
        throw asked.work_path === '' ? withoutLogFile(error, await checkpoints.failureIn(place).catch(() => '')) : error;
      }
      if (asked.image_path !== '') return { descriptors: [] };
      return { descriptors: (await checkpoints.save(placeOf(info.metadata), imagePath, spec, info.cancel)).map(descriptorMessage) };
    }));
  };
}

/** runc names criu's log, which goes with the place: the client is told what it says instead. */
function withoutLogFile(error: unknown, criuWords: string): unknown {
  if (!(error instanceof FaceError)) return error;
  return new FaceError(error.errorClass, error.message.replace(/\s*\blog file: \S+?(?=: unknown$)/, criuWords === '' ? '' : ` (${criuWords})`), { cause: error });
}

function optionsOf({ exit, open_tcp: tcp, external_unix_sockets: unixSockets, terminal: shell, file_locks: fileLocks, empty_namespaces: emptyNS, cgroups_mode: mode }: Options): Omit<CheckpointOptions, 'imagePath' | 'workPath'> {
  return { exit, tcp, unixSockets, shell, fileLocks, emptyNS, ...(mode === '' ? {} : { cgroupsMode: mode }) };
}

/** Options of another type are of another runtime's making: they say nothing here. */
function parse(any: Any | undefined): Options {
  const name = any?.type_url.slice(any.type_url.lastIndexOf('/') + 1) ?? '';
  let options: Options;
  try {
    options = (optionsOfTypes.get(name) ?? Options).decode(optionsOfTypes.has(name) ? (any?.value ?? new Uint8Array()) : new Uint8Array());
  } catch (cause) {
    throw classError('invalid-argument', `options: not a ${name}`, { cause });
  }
  for (const path of [options.image_path, options.work_path]) {
    if (path !== '' && (!isAbsolute(path) || path.includes('\0'))) throw classError('invalid-argument', `a path of a checkpoint must be absolute: ${JSON.stringify(path)}`);
  }
  return options;
}
