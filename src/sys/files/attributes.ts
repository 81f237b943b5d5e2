import { constants } from 'node:os';
import { SysError } from '../errors';
import { lastErrno, libc } from '../native';

/** Of one file (xattr(7), "Limits"). */
const MOST_BYTES = 65_536;

const { EOPNOTSUPP, ERANGE } = constants.errno;
const ENODATA = 61;

/** The bytes of a text in which each character is one, as C wants them. @throws SysError EINVAL where there is a NUL within: C would cut it short there */
export function zeroTerminated(text: string): Buffer {
  if (text.includes('\0')) throw new SysError(constants.errno.EINVAL, 'open', JSON.stringify(text));
  return Buffer.from(`${text}\0`, 'latin1');
}

/** By which a call that takes a path reaches an open file. */
export function procPath(fd: number): Buffer {
  return zeroTerminated(`/proc/self/fd/${fd}`);
}

/** The extended attributes of a file, a link itself too. @throws SysError */
export function attributesAt(path: Buffer, shownPath: string): ReadonlyMap<string, Buffer> {
  const list = Buffer.alloc(MOST_BYTES);
  const length = libc.listAttributes(path, list, list.length);
  if (length === -1) {
    const errno = lastErrno();
    if (errno === EOPNOTSUPP) return new Map();
    throw new SysError(errno, 'listxattr', shownPath);
  }
  const found = new Map<string, Buffer>();
  for (const name of list.toString('latin1', 0, length).split('\0')) {
    const value = name === '' ? undefined : attributeAt(path, name, shownPath);
    if (value !== undefined) found.set(name, value);
  }
  return found;
}

/** One of them; undefined where the file has it not. @throws SysError */
export function attributeAt(path: Buffer, name: string, shownPath: string): Buffer | undefined {
  for (const size of [256, MOST_BYTES]) {
    const value = Buffer.alloc(size);
    const length = libc.getAttribute(path, zeroTerminated(name), value, value.length);
    if (length !== -1) return value.subarray(0, length);
    const errno = lastErrno();
    if (errno === ENODATA || errno === EOPNOTSUPP) return undefined;
    if (errno !== ERANGE) throw new SysError(errno, `getxattr ${name}`, shownPath);
  }
  throw new SysError(ERANGE, `getxattr ${name}`, shownPath);
}
