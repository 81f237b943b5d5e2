import { isAbsolute } from 'node:path';
import { checkName } from '../../runtime/state-dir/names';
import { RequestError } from '../errors';

/** An id that becomes a path component and an argument of the runtime. @throws RuntimeError `invalid-name` */
export function containerId(id: string): string {
  checkName('container id', id);
  return id;
}

/** A process's name. @throws RuntimeError `invalid-name` */
export function processId(pid: string): string {
  checkName('process id', pid);
  return pid;
}

/** A path of the client's for stdio; empty is the null device. @throws RequestError */
export function stdioPath(field: string, path: string): string {
  return path === '' ? path : absolutePath(field, path);
}

/** @throws RequestError */
export function absolutePath(field: string, path: string): string {
  if (!isAbsolute(path)) throw new RequestError(`${field} must be an absolute path: ${JSON.stringify(path)}`, field);
  if (path.includes('\0')) throw new RequestError(`${field} holds a NUL byte`, field);
  return path;
}
