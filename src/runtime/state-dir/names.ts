import { RuntimeError } from '../errors';
import { files, isTopLevelFile } from './layout';

export type NameKind = 'container id' | 'process id' | 'checkpoint name';

// NAME_MAX of Linux's file systems.
const LONGEST_BYTES = 255;

/**
 * Checks a client's name that becomes a path component, before anything is touched.
 * A container id is also an argument of the runtime, which takes `-x` for a flag.
 * @throws RuntimeError `invalid-name`
 */
export function checkName(kind: NameKind, value: string): void {
  const problem = problemOf(kind, value);
  if (problem !== undefined) throw new RuntimeError('invalid-name', problem);
}

function problemOf(kind: NameKind, value: string): string | undefined {
  if (value === '') return `${kind} cannot be empty`;
  if (Buffer.byteLength(value) > LONGEST_BYTES) return `${kind} is longer than ${LONGEST_BYTES} bytes`;
  if (value === '.' || value === '..' || value.includes('/') || value.includes('\0')) {
    return `invalid ${kind} ${JSON.stringify(value)}`;
  }
  if (kind === 'container id' && value.startsWith('-')) {
    return `invalid container id ${JSON.stringify(value)}: it starts with a dash`;
  }
  if ((kind === 'container id' && isTopLevelFile(value)) || (kind === 'process id' && value === files.state)) {
    return `invalid ${kind} ${JSON.stringify(value)}: the name is reserved`;
  }
  return undefined;
}
