import { type ContainerKey, type ContainerName, LEGACY_NAMESPACE, keyOf } from '../../../runtime/state-dir/container-key';
import { INIT } from '../../../runtime/state-dir/layout';
import type { ContainerView, ProcessView } from '../../../supervisor/container';
import { SupervisorError } from '../../../supervisor/errors';
import { FaceError, classError } from '../errors';
import { namespaceOf } from '../namespace';
import type { CallInfo } from '../../call';
import type { TaskRecord, TasksFace } from './face';

/** A container that a request is about, its record found. */
export interface FoundContainer {
  readonly name: ContainerName;
  readonly key: ContainerKey;
  readonly record: TaskRecord;
}

/**
 * The container's record, which each call looks for first. The legacy API's containers have none of their own: it is made of what runs.
 * @throws FaceError
 */
export async function findContainer(face: TasksFace, id: string, { metadata }: Pick<CallInfo, 'metadata'>): Promise<FoundContainer> {
  const name = { namespace: namespaceOf(metadata), id };
  const record = name.namespace === LEGACY_NAMESPACE ? await legacyRecord(face, id) : face.records.find(name);
  if (record === undefined) throw classError('not-found', `container ${JSON.stringify(id)} in namespace ${JSON.stringify(name.namespace)}`);
  return { name, key: keyOf(name), record };
}

async function legacyRecord(face: TasksFace, id: string): Promise<TaskRecord | undefined> {
  const view = id === '' || id.includes('/') ? undefined : await viewOf(face, id);
  return view === undefined ? undefined : { id, runtime: { name: view.record.runtime, options: undefined }, spec: undefined };
}

/** A task that is there, and what is known of it. */
export interface FoundTask extends FoundContainer {
  readonly view: ContainerView;
}

/** @throws FaceError */
export async function findTask(face: TasksFace, id: string, info: Pick<CallInfo, 'metadata'>): Promise<FoundTask> {
  const found = await findContainer(face, id, info);
  const view = await viewOf(face, found.key);
  if (view === undefined) throw noTask(id);
  return { ...found, view };
}

/** A task's process: its own, or an exec'd one. */
export interface FoundProcess extends FoundTask {
  readonly process: ProcessView;
  /** As the loop knows it. */
  readonly processId: string;
}

/** @param execId empty for the task itself @throws FaceError */
export async function findProcess(face: TasksFace, id: string, execId: string, info: Pick<CallInfo, 'metadata'>): Promise<FoundProcess> {
  const found = await findTask(face, id, info);
  const processId = execId === '' ? INIT : execId;
  const process = found.view.processes.find((one) => one.id === processId);
  if (process === undefined || (execId === INIT)) throw noExec(execId);
  return { ...found, process, processId };
}

/** Without the word of its class: so clients know it. */
export function noTask(id: string): FaceError {
  return new FaceError('not-found', `task ${id} not found`);
}

export function noExec(execId: string): FaceError {
  return classError('not-found', `process does not exist ${execId}`);
}

async function viewOf(face: TasksFace, key: ContainerKey): Promise<ContainerView | undefined> {
  try {
    const [view] = await face.supervisor.request('getContainers', { id: key });
    return view;
  } catch (error) {
    if (error instanceof SupervisorError && error.code === 'container-not-found') return undefined;
    throw error;
  }
}
