import { constants } from 'node:os';
import { SysError, checkNoNul } from '../errors';

export const AF_UNIX = 1;

/** sockaddr_un, unix(7): the family in 16 bits, then up to 107 bytes of path and a NUL. */
const ADDRESS_SIZE = 110;
const PATH_OFFSET = 2;

/** The address of a socket in the file system. @throws SysError ENAMETOOLONG */
export function unixAddress(path: string): Buffer {
  const bytes = Buffer.from(checkNoNul(path, 'bind'));
  if (bytes.length >= ADDRESS_SIZE - PATH_OFFSET) throw new SysError(constants.errno.ENAMETOOLONG, 'bind', path);
  const address = Buffer.alloc(ADDRESS_SIZE);
  address.writeUInt16LE(AF_UNIX);
  bytes.copy(address, PATH_OFFSET);
  return address;
}
