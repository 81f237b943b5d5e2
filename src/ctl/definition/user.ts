import { readFileSync } from 'node:fs';
import { type FoundUser, userOf } from '../../runtime/text/passwd';
import { CtlError } from '../errors';
import { withinRoot } from '../../sys/files/within-root';
import { errorCodeOf } from '../../sys/thrown';

/**
 * @param text `user` or `user:group`, names or numbers
 * @param root whose passwd(5) and group(5) are asked; without them numbers alone are known
 * @throws CtlError where there is no such name
 */
export function findUser(text: string, root = '/'): FoundUser {
  const found = userOf(text, textOf(root, '/etc/passwd'), textOf(root, '/etc/group'));
  if ('unknown' in found) throw new CtlError('invalid-argument', `there is no ${found.unknown} ${found.name} ${root === '/' ? 'on this host' : `in ${root}`}`);
  return found;
}

function textOf(root: string, path: string): string {
  try {
    const found = withinRoot(root, path);
    return found === undefined ? '' : readFileSync(found, 'utf8');
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT' || errorCodeOf(error) === 'ENOTDIR') return '';
    throw error;
  }
}
