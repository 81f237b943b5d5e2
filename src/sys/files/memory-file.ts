import { constants } from 'node:os';
import { SysError, check, checkNoNul } from '../errors';
import { lastErrno, libc } from '../native';

// linux/memfd.h, linux/fcntl.h.
const MFD_CLOEXEC = 0x1;
const MFD_ALLOW_SEALING = 0x2;
const MFD_NOEXEC_SEAL = 0x8;
const MFD_EXEC = 0x10;
const F_ADD_SEALS = 1033;
const F_SEAL_SEAL = 0x1;
const F_SEAL_SHRINK = 0x2;
const F_SEAL_GROW = 0x4;
const F_SEAL_WRITE = 0x8;

/**
 * An empty file in memory that may be executed, and be sealed: memfd_create(2). Close-on-exec; the caller closes it.
 * @param name what /proc shows of it, as `/memfd:<name> (deleted)`
 * @throws SysError EACCES where vm.memfd_noexec forbids such files, EMFILE, ENOMEM
 */
export function createMemoryFile(name: string): number {
  return create(name, MFD_EXEC);
}

/** The same for data, which cannot be executed where the kernel tells the two apart. */
export function createDataMemoryFile(name: string): number {
  return create(name, MFD_NOEXEC_SEAL);
}

function create(name: string, kind: number): number {
  checkNoNul(name, 'memfd_create');
  const fd = libc.memfdCreate(name, MFD_CLOEXEC | MFD_ALLOW_SEALING | kind);
  if (fd !== -1) return fd;
  const errno = lastErrno();
  if (errno !== constants.errno.EINVAL) throw new SysError(errno, 'memfd_create');
  // Before Linux 6.3 there is no such flag, and all of them may be executed.
  return check(libc.memfdCreate(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), 'memfd_create');
}

/** Nobody can change the file any more, its seals included. @throws SysError EBUSY while it is mapped for writing */
export function sealMemoryFile(fd: number): void {
  check(libc.fcntl(fd, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 'fcntl F_ADD_SEALS');
}
