import type { Metadata } from '@grpc/grpc-js';
import { classError } from './errors';

const NAMESPACE_FIELD = 'containerd-namespace';

/** Namespaces, container and exec ids: no separator at an end, nor two in a row. */
const pattern = '^[A-Za-z0-9]+(?:[._-](?:[A-Za-z0-9]+))*$';
const identifier = new RegExp(pattern);
const longestBytes = 76;

/**
 * What is wrong with an identifier, in the words that clients know; undefined where nothing is.
 * A container's id and an exec's become path components: none that passes is `.`, `..`, or holds a slash.
 */
export function identifierProblem(value: string): string | undefined {
  if (value === '') return 'identifier must not be empty';
  if (Buffer.byteLength(value) > longestBytes) return `identifier ${JSON.stringify(value)} greater than maximum length (${String(longestBytes)} characters)`;
  if (!identifier.test(value)) return `identifier ${JSON.stringify(value)} must match ${pattern}`;
  return undefined;
}

/** The namespace that a call is about: the first value of its header counts. @throws FaceError */
export function namespaceOf(metadata: Metadata): string {
  const [first] = metadata.get(NAMESPACE_FIELD);
  const namespace = typeof first === 'string' ? first : '';
  if (namespace === '') throw classError('failed-precondition', 'namespace is required');
  const problem = identifierProblem(namespace);
  if (problem !== undefined) throw classError('invalid-argument', `namespace validation: ${problem}`);
  return namespace;
}
