import type { Metadata } from '@grpc/grpc-js';
import { type NamespacesServer, NamespacesService } from '../../gen/containerd/services/namespaces/v1/namespaces';
import { LEGACY_NAMESPACE } from '../../../runtime/state-dir/container-key';
import type { Logger } from '../../../runtime/logger';
import type { Labels } from '../../../records/labels';
import { type Verb, unary } from '../../call';
import { FaceError, classError } from '../errors';
import { identifierProblem, namespaceOf } from '../namespace';
import { statusOf } from '../status';
import { type RecordsFace, recordEvent } from './face';
import { changedInRecordWords } from './record-errors';

export { NamespacesService };

/** The service `containerd.services.namespaces.v1.Namespaces`. */
export function namespacesService(face: RecordsFace, hasLegacyContainers: () => Promise<boolean>, log: Logger): NamespacesServer {
  const reads = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary({ name: `Namespaces/${name}`, log, changes: false, statusOf }, verb);
  const changes = <Request extends object, Answer>(name: string, verb: Verb<Request, Answer>) =>
    unary({ name: `Namespaces/${name}`, log, changes: true, statusOf }, verb);
  const { namespaces } = face.records;
  return {
    get: reads('Get', ({ name }) => ({ namespace: { name, labels: new Map(namespaces.labels(name)) } })),
    list: reads('List', async () => {
      const known = namespaces.list().map(({ name, labels }) => ({ name, labels: new Map(labels) }));
      const lacksLegacy = !known.some(({ name }) => name === LEGACY_NAMESPACE) && (await hasLegacyContainers());
      if (lacksLegacy) known.push({ name: LEGACY_NAMESPACE, labels: new Map() });
      return { namespaces: known.sort((a, b) => (a.name < b.name ? -1 : 1)) };
    }),
    create: changes('Create', async ({ namespace }, { metadata }) => {
      const name = checked(namespace?.name ?? '');
      const labels = namespace?.labels ?? new Map<string, string>();
      await changedInRecordWords(() => namespaces.create(name, labels));
      face.tell(recordEvent('namespace-create', callerOf(metadata) ?? name, '', { name, labels: Object.fromEntries(labels) }));
      return { namespace: { name, labels: new Map(labels) } };
    }),
    update: changes('Update', async ({ namespace, update_mask: mask }, { metadata }) => {
      const name = checked(namespace?.name ?? '');
      const labels: Labels = namespace?.labels ?? new Map<string, string>();
      const names = labelsOf(mask ?? []);
      await changedInRecordWords(() => namespaces.update(name, labels, names));
      face.tell(recordEvent('namespace-update', callerOf(metadata) ?? name, '', { name, labels: Object.fromEntries(namespaces.labels(name)) }));
      // Without name and labels: so clients know it.
      return { namespace: { name: '', labels: new Map() } };
    }),
    delete: changes('Delete', async ({ name }) => {
      if (!namespaces.has(name)) throw classError('not-found', `namespace ${JSON.stringify(name)}`);
      await changedInRecordWords(() => namespaces.delete(name));
      face.tell(recordEvent('namespace-delete', name, '', { name }));
      return {};
    }),
  };
}

/** Creation and update are told of in the caller's namespace, where it names one. */
function callerOf(metadata: Metadata): string | undefined {
  try {
    return namespaceOf(metadata);
  } catch {
    return undefined;
  }
}

function checked(name: string): string {
  const problem = identifierProblem(name);
  if (problem !== undefined) throw classError('invalid-argument', problem);
  return name;
}

/** The labels that a mask names; undefined: all. @throws FaceError for anything else */
function labelsOf(mask: readonly string[]): readonly string[] | undefined {
  const names: string[] = [];
  for (const path of mask) {
    if (path === 'labels') return undefined;
    if (!path.startsWith('labels.')) throw new FaceError('invalid-argument', `cannot update ${JSON.stringify(path)} field`);
    names.push(path.slice('labels.'.length));
  }
  return mask.length === 0 ? undefined : names;
}
