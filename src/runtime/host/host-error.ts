import { RuntimeError } from '../errors';
import type { Fields } from '../fields';

/** What cannot be done for a host program. The message is whole, in words that a client may be shown. */
export function hostError(message: string, cause?: unknown): RuntimeError {
  return new RuntimeError('host-program', message, { cause });
}

/** What a host program cannot have is an error, never left out; a member that says nothing is none. @param prefix of the members' names */
export function allowOnly(fields: Fields, allowed: readonly string[], prefix: string): void {
  for (const [name, value] of Object.entries(fields.values)) {
    const saysNothing = value === null || value === '' || (Array.isArray(value) && value.length === 0);
    if (!allowed.includes(name) && !saysNothing) throw hostError(`a host program cannot have ${prefix}${name}`);
  }
}
