import { type ContainerKey, type ContainerName, LEGACY_NAMESPACE, keyOf } from '../runtime/state-dir/container-key';
import { checkName } from '../runtime/state-dir/names';
import { messageOf } from '../sys/thrown';
import { ProgramError } from './errors';

/** The namespace of what is started by name. */
export const PROGRAMS_NAMESPACE = 'programs';

/** A program's name becomes part of paths, of arguments, and of lines that people and scripts read: so it is plain. */
const plain = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;
const longestBytes = 200;

/** @throws ProgramError `invalid-name` */
export function checkProgramName(name: string): void {
  if (!plain.test(name) || Buffer.byteLength(name) > longestBytes) {
    throw new ProgramError('invalid-name', name, `not a name: ${JSON.stringify(name)}: letters, digits, and . _ - after the first are`);
  }
}

/** The key of a program's container. */
export function programKey(name: string): ContainerKey {
  return keyOf({ namespace: PROGRAMS_NAMESPACE, id: name });
}

/** How clients name a container: see proto/holdfast/v1/containers.proto. @param isShadowed a program has a legacy container's id */
export function clientNameOf({ namespace, id }: ContainerName, isShadowed: boolean): string {
  if (namespace === PROGRAMS_NAMESPACE) return id;
  return namespace === LEGACY_NAMESPACE && !isShadowed ? id : `${namespace}/${id}`;
}

/** What a name with a namespace means; undefined for one without. @throws ProgramError `invalid-name` */
export function parseFullName(name: string): ContainerName | undefined {
  const slash = name.indexOf('/');
  if (slash < 0) return undefined;
  const [namespace, id] = [name.slice(0, slash), name.slice(slash + 1)];
  try {
    checkName('container id', namespace);
    checkName('container id', id);
  } catch (cause) {
    throw new ProgramError('invalid-name', name, messageOf(cause), { cause });
  }
  return { namespace, id };
}
