import { readFileSync } from 'node:fs';
import { errorCodeOf } from '../thrown';

const PATH = '/proc/self/attr/current';

/**
 * Whether a security module (SELinux, AppArmor, Smack) labels processes here, so that its rules may go by a
 * program's label or path. Without one the kernel has no answer (EINVAL), or not even the file.
 */
export function isLabelled(path = PATH): boolean {
  try {
    readFileSync(path);
    return true;
  } catch (error) {
    const code = errorCodeOf(error);
    return code !== 'EINVAL' && code !== 'ENOENT';
  }
}
