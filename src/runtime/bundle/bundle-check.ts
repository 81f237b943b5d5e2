import type { Fields } from '../fields';
import { checkProcess } from './process-check';
import type { ProcessSpec } from './process-spec';

/** What this daemon itself must know of a (lifted) spec. */
export interface SpecFacts {
  readonly processSpec: ProcessSpec;
  readonly hasPidNamespace: boolean;
  readonly rootUid: number;
  readonly rootGid: number;
}

/**
 * Checks the parts of a lifted spec that are used here; the rest is the runtime's to check.
 * @throws the error of the given fields
 */
export function checkSpec(fields: Fields): SpecFacts {
  fields.string('ociVersion');
  const process = fields.object('process');
  const processSpec = checkProcess(process);
  if (processSpec.args.length === 0) process.fail('args', 'must not be empty');
  fields.optionalObject('root')?.string('path');
  fields.optionalObjects('mounts');
  const linux = fields.optionalObject('linux');
  const namespaces = (linux?.optionalObjects('namespaces') ?? []).map((namespace) => ({
    type: namespace.string('type'),
    path: namespace.optionalString('path') ?? '',
  }));
  const inUserNamespace = namespaces.some(({ type }) => type === 'user');
  return {
    processSpec,
    // One that is joined by its path lives on after this container's init process.
    hasPidNamespace: namespaces.some(({ type, path }) => type === 'pid' && path === ''),
    rootUid: inUserNamespace ? hostIdOfRoot(linux, 'uidMappings') : 0,
    rootGid: inUserNamespace ? hostIdOfRoot(linux, 'gidMappings') : 0,
  };
}

function hostIdOfRoot(linux: Fields | undefined, member: string): number {
  const mappings = (linux?.optionalObjects(member) ?? []).map((mapping) => ({
    containerId: mapping.integer('containerID'),
    hostId: mapping.integer('hostID'),
  }));
  return mappings.find(({ containerId }) => containerId === 0)?.hostId ?? 0;
}
