import { LEGACY_NAMESPACE } from '../../../runtime/state-dir/container-key';
import { Fields } from '../../../runtime/fields';
import { parseJson } from '../../../runtime/json';
import { liftProcess } from '../../../runtime/bundle/lift-process';
import { checkProcess } from '../../../runtime/bundle/process-check';
import type { ProcessSpec } from '../../../runtime/bundle/process-spec';
import { INIT, STATE_FILE } from '../../../runtime/state-dir/layout';
import { messageOf } from '../../../sys/thrown';
import type { ExecProcessRequest } from '../../gen/containerd/services/tasks/v1/tasks';
import type { Any } from '../../gen/google/protobuf/any';
import type { Empty } from '../../gen/google/protobuf/empty';
import type { Verb } from '../../call';
import { classError } from '../errors';
import { identifierProblem } from '../namespace';
import type { TasksFace } from './face';
import { findTask } from './find-task';
import { stdioOf } from './stdio';
import { inTaskWords } from './task-errors';

/** Names that mean something else in a container's directory. */
const taken = new Set([INIT, STATE_FILE]);

/** Exec: registers a process, which Start then runs. */
export function exec(face: TasksFace): Verb<ExecProcessRequest, Empty> {
  return async (request, info) => {
    const { container_id: id, exec_id: execId } = request;
    const { name, key } = await findTask(face, id, info);
    if (execId === '') throw classError('invalid-argument', 'exec id cannot be empty');
    const problem = identifierProblem(execId);
    if (problem !== undefined) throw classError('invalid-argument', `invalid exec id ${execId}: ${problem}`);
    if (taken.has(execId)) throw classError('already-exists', `id ${execId}`);
    if (name.namespace === LEGACY_NAMESPACE) throw classError('failed-precondition', `namespace ${LEGACY_NAMESPACE}: its processes are made through the API of containerd 0.2`);
    const spec = specOf(request.spec, request.terminal);
    await inTaskWords({ id, execId }, () =>
      face.supervisor.request('registerExec', { id: key, processId: execId, spec, ...stdioOf(request) }, info.cancel));
    return {};
  };
}

/** The OCI process of an exec, checked; whether it has a terminal is the request's to say. @throws FaceError */
function specOf(spec: Any | undefined, terminal: boolean): ProcessSpec {
  if (spec === undefined || spec.value.length === 0) throw classError('invalid-argument', 'spec: an exec needs a process');
  try {
    const value = parseJson(Buffer.from(spec.value).toString('utf8'));
    const fields = Fields.of(value, 'spec', 'bad-message');
    const lifted = checkProcess(Fields.of(liftProcess(fields.values), 'spec', 'bad-message'));
    return { ...lifted, terminal };
  } catch (cause) {
    throw classError('invalid-argument', messageOf(cause), { cause });
  }
}
