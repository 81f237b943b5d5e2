import type { Metadata } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { type LeasesServer, LeasesService, type Resource } from '../../gen/containerd/services/leases/v1/leases';
import { digestProblem } from '../../../images/content/digest';
import type { Logger } from '../../../runtime/logger';
import { withoutEmpty } from '../../../records/labels';
import type { LeaseRecord, LeaseResource } from '../../../records/lease-record';
import { type Verb, unary } from '../../call';
import { classError } from '../errors';
import { type FieldOf, matches, parseFilters } from '../filter/filter';
import { inImageWords } from '../images/image-errors';
import { namespaceOf } from '../namespace';
import { statusOf } from '../status';
import { timestampOf } from '../time';
import type { RecordsFace } from './face';
import { changedInRecordWords, inRecordWords } from './record-errors';

export { LeasesService };

/** The service `containerd.services.leases.v1.Leases`. What a lease keeps is not collected. */
export function leasesService(face: RecordsFace, log: Logger): LeasesServer {
  const reads = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary({ name: `Leases/${name}`, log, changes: false, statusOf }, verb);
  const changes = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary({ name: `Leases/${name}`, log, changes: true, statusOf }, verb);
  const { leases } = face.records;
  /** The namespace of a lease that is there: what is wrong with a resource of another is not asked. */
  const existing = (metadata: Metadata, id: string): string => {
    const namespace = namespaceOf(metadata);
    if (!leases.has(namespace, id)) throw classError('not-found', `lease ${JSON.stringify(id)}`);
    return namespace;
  };
  return {
    create: changes('Create', async ({ id, labels }, { metadata }) => {
      const namespace = namespaceOf(metadata);
      const lease: LeaseRecord = { id: id === '' ? randomUUID() : id, labels: withoutEmpty(labels), createdNs: face.nowNs() };
      await changedInRecordWords(() => leases.create(namespace, lease));
      return { lease: messageOf(lease) };
    }),
    delete: changes('Delete', async ({ id, sync }, { metadata }) => {
      await changedInRecordWords(() => leases.delete(namespaceOf(metadata), id));
      if (sync) await inImageWords(() => face.collector.run());
      else face.collector.soon();
      return {};
    }),
    list: reads('List', ({ filters }, { metadata }) => {
      const parsed = inRecordWords(() => parseFilters(filters));
      return { leases: leases.list(namespaceOf(metadata)).filter((lease) => matches(parsed, fieldsOf(lease))).map(messageOf) };
    }),
    addResource: changes('AddResource', async ({ id, resource }, { metadata }) => {
      await changedInRecordWords(() => leases.addResource(existing(metadata, id), id, checked(resource)));
      return {};
    }),
    deleteResource: changes('DeleteResource', async ({ id, resource }, { metadata }) => {
      await changedInRecordWords(() => leases.deleteResource(existing(metadata, id), id, checked(resource)));
      return {};
    }),
    listResources: reads('ListResources', ({ id }, { metadata }) => ({
      resources: inRecordWords(() => leases.resources(namespaceOf(metadata), id)).map(({ type, id: resource }) => ({ type, id: resource })),
    })),
  };
}

function messageOf({ id, labels, createdNs }: LeaseRecord) {
  return { id, created_at: timestampOf(createdNs), labels: new Map(labels) };
}

function fieldsOf({ id, labels }: LeaseRecord): FieldOf {
  return ([first, ...rest]) => {
    if (first === 'id') return rest.length === 0 ? id : undefined;
    return first === 'labels' ? labels.get(rest.join('.')) : undefined;
  };
}

/** A resource need not be there, but it must be of a kind that can be. @throws FaceError */
function checked(resource: Resource | undefined): LeaseResource {
  const { id = '', type = '' } = resource ?? {};
  const [kind = '', ...rest] = type.split('/');
  const refuse = (problem: string): never => {
    throw classError('invalid-argument', problem);
  };
  switch (kind) {
    case 'content': {
      const problem = digestProblem(id);
      if (rest.length > 0) refuse(`invalid resource type ${type}`);
      if (problem !== undefined) refuse(`invalid content resource id ${id}: ${problem}`);
      break;
    }
    case 'ingests':
      if (rest.length > 0) refuse(`invalid resource type ${type}`);
      break;
    case 'snapshots':
      if (rest.length !== 1 || rest[0] === '') refuse(`invalid snapshot resource type ${type}`);
      break;
    default:
      throw classError('not-implemented', `resource type ${type} not supported yet`);
  }
  if (id === '') refuse('resource id must not be empty');
  return { id, type };
}
