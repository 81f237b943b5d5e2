import type { ServerWritableStream } from '@grpc/grpc-js';
import {
  type Container,
  type ContainersServer,
  ContainersService,
  type ListContainerMessage,
  type ListContainersRequest,
} from '../../gen/containerd/services/containers/v1/containers';
import { LEGACY_NAMESPACE } from '../../../runtime/state-dir/container-key';
import type { Logger } from '../../../runtime/logger';
import type { ContainerRecord } from '../../../records/container-record';
import { type Verb, unary } from '../../call';
import { FaceError, classError } from '../errors';
import { matches, parseFilters } from '../filter/filter';
import { namespaceOf } from '../namespace';
import { statusOf } from '../status';
import { checkNewContainer, checkUpdatedContainer } from './container-check';
import { containerFields, containerMessage, recordOf } from './container-message';
import { updatedContainer } from './container-update';
import { type RecordsFace, recordEvent } from './face';
import { changedInRecordWords, inRecordWords } from './record-errors';

export { ContainersService };

/** Records of containers that another part keeps: those that the legacy API made, while they run. */
export type OtherContainers = (namespace: string) => Promise<readonly ContainerRecord[]>;

/** The service `containerd.services.containers.v1.Containers`: records alone, no process and no directory. */
export function containersService(face: RecordsFace, others: OtherContainers, log: Logger): ContainersServer {
  const reads = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary({ name: `Containers/${name}`, log, changes: false, statusOf }, verb);
  const changes = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary({ name: `Containers/${name}`, log, changes: true, statusOf }, verb);
  const { containers, namespaces } = face.records;

  const all = async (namespace: string, filters: readonly string[]): Promise<Container[]> => {
    const parsed = inRecordWords(() => parseFilters(filters));
    const records = [...containers.list(namespace), ...(await others(namespace))];
    return records.filter((record) => matches(parsed, containerFields(record))).map(containerMessage);
  };
  const find = async (namespace: string, id: string): Promise<ContainerRecord | undefined> =>
    containers.find(namespace, id) ?? (await others(namespace)).find((record) => record.id === id);

  return {
    get: reads('Get', async ({ id }, { metadata }) => {
      const namespace = namespaceOf(metadata);
      const record = await find(namespace, id);
      if (record === undefined) throw notFound(id, namespace);
      return { container: containerMessage(record) };
    }),
    list: reads('List', async ({ filters }, { metadata }) => ({ containers: await all(namespaceOf(metadata), filters) })),
    listStream: (stream) => { void serveList(stream, async ({ filters }) => await all(namespaceOf(stream.metadata), filters)); },
    create: changes('Create', async ({ container }, { metadata }) => {
      const namespace = writableNamespaceOf(namespaceOf(metadata));
      if (container === undefined) throw classError('invalid-argument', 'create container failed validation: container.ID: identifier must not be empty');
      checkNewContainer(container);
      const createdNs = face.nowNs();
      const record = recordOf(container, createdNs, createdNs);
      await changedInRecordWords(() => containers.create(namespace, record));
      face.tell(recordEvent('container-create', namespace, record.id, { id: record.id, image: record.image, runtime: runtimeDetail(record) }));
      return { container: containerMessage(record) };
    }),
    update: changes('Update', async ({ container, update_mask: mask }, { metadata }) => {
      const namespace = writableNamespaceOf(namespaceOf(metadata));
      const id = container?.id ?? '';
      if (container === undefined || id === '') throw new FaceError('invalid-argument', 'Container.ID required');
      const after = await changedInRecordWords(() => containers.update(namespace, id, (before) => {
        if (before === undefined) throw containers.count(namespace) === 0 && !namespaces.has(namespace) ? cannot('update', id, namespace) : classError('not-found', `container ${JSON.stringify(id)}`);
        const updated = { ...updatedContainer(before, recordOf(container, 0n, 0n), mask ?? []), updatedNs: face.nowNs() };
        checkUpdatedContainer(containerMessage(updated));
        return updated;
      }));
      face.tell(recordEvent('container-update', namespace, id, { id, image: after.image, labels: Object.fromEntries(after.labels), snapshot_key: after.snapshotKey }));
      return { container: containerMessage(after) };
    }),
    delete: changes('Delete', async ({ id }, { metadata }) => {
      const namespace = writableNamespaceOf(namespaceOf(metadata));
      if (!namespaces.has(namespace)) throw cannot('delete', id, namespace);
      await changedInRecordWords(() => containers.delete(namespace, id));
      face.tell(recordEvent('container-delete', namespace, id, { id }));
      face.collector.soon();
      return {};
    }),
  };
}

/** The options go as their type and bytes. */
function runtimeDetail({ runtime }: ContainerRecord): Readonly<Record<string, unknown>> {
  const { name, options } = runtime;
  return options === undefined ? { name } : { name, options: { type_url: options.type, value: Buffer.from(options.value).toString('base64') } };
}

async function serveList(
  stream: ServerWritableStream<ListContainersRequest, ListContainerMessage>,
  list: (request: ListContainersRequest) => Promise<readonly Container[]>,
): Promise<void> {
  try {
    for (const container of await list(stream.request)) {
      // A slow reader holds nobody up but itself.
      if (!stream.write({ container })) await new Promise((resolve) => { stream.once('drain', resolve).once('close', resolve); });
      if (stream.destroyed) return;
    }
    stream.end();
  } catch (error) {
    stream.emit('error', statusOf(error));
  }
}

/** The legacy API's containers are its own: they come and go with what runs. */
function writableNamespaceOf(namespace: string): string {
  if (namespace === LEGACY_NAMESPACE) throw classError('failed-precondition', `namespace ${LEGACY_NAMESPACE}: its containers are made through the API of containerd 0.2`);
  return namespace;
}

function notFound(id: string, namespace: string): Error {
  return classError('not-found', `container ${JSON.stringify(id)} in namespace ${JSON.stringify(namespace)}`);
}

function cannot(verb: string, id: string, namespace: string): Error {
  return classError('not-found', `cannot ${verb} container ${JSON.stringify(id)} in namespace ${JSON.stringify(namespace)}`);
}
