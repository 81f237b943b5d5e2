import type { Metadata } from '@grpc/grpc-js';
import { randomUUID } from 'node:crypto';
import { type LeasesServer, LeasesService, type Resource } from '../../gen/containerd/services/leases/v1/leases';
import type { Logger } from '../../../runtime/logger';
import { withoutEmpty } from '../../../records/labels';
import type { LeaseRecord, LeaseResource } from '../../../records/lease-record';
import { type Verb, unary } from '../../call';
import { classError } from '../errors';
import { type FieldOf, matches, parseFilters } from '../filter/filter';
import { namespaceOf } from '../namespace';
import { statusOf } from '../status';
import { timestampOf } from '../time';
import type { RecordsFace } from './face';
import { changedInRecordWords, inRecordWords } from './record-errors';

export { LeasesService };

/** The service `containerd.services.leases.v1.Leases`. As long as nothing is collected here, a lease is its record. */
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
    delete: changes('Delete', async ({ id }, { metadata }) => {
      await changedInRecordWords(() => leases.delete(namespaceOf(metadata), id));
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

const hexDigits: ReadonlyMap<string, number> = new Map([['sha256', 64], ['sha384', 96], ['sha512', 128]]);

/** What is wrong with the digest of a blob (OCI image specification, "Digests"), in the words that clients know. */
function digestProblem(id: string): string | undefined {
  const [, algorithm, encoded = ''] = /^([A-Za-z0-9_+.-]+):([A-Za-z0-9=_-]+)$/.exec(id) ?? [];
  if (algorithm === undefined) return 'invalid checksum digest format';
  const digits = hexDigits.get(algorithm);
  if (digits === undefined) return 'unsupported digest algorithm';
  if (encoded.length !== digits) return 'invalid checksum digest length';
  return /^[0-9a-f]+$/.test(encoded) ? undefined : 'invalid checksum digest format';
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
