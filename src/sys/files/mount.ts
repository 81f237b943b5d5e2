import { constants } from 'node:os';
import { SysError, check, checkNoNul } from '../errors';
import { lastErrno, libc } from '../native';

const MNT_DETACH = 2;
const UMOUNT_NOFOLLOW = 8;
/** The kernel takes one page of it (mount(2)). */
const MOST_DATA_BYTES = 4095;

/** The arguments of mount(2). */
export interface MountArguments {
  readonly source: string;
  readonly target: string;
  readonly type: string;
  readonly flags: number;
  readonly data: string;
}

/** mount(2): waits for whatever the file system waits for. @throws SysError that names source and target */
export function mount({ source, target, type, flags, data }: MountArguments): void {
  for (const text of [source, target, type, data]) checkNoNul(text, 'mount');
  if (Buffer.byteLength(data) > MOST_DATA_BYTES) throw new SysError(constants.errno.E2BIG, 'mount', target);
  check(libc.mount(source, target, type, flags, data === '' ? null : data), 'mount', `${source === '' ? '' : `${source} on `}${target}`);
}

/**
 * Undoes the topmost mount on `target`: umount2(2).
 * @returns whether there was one
 * @throws SysError EBUSY (not `lazily`) and others
 */
export function unmount(target: string, how: 'now' | 'lazily'): boolean {
  checkNoNul(target, 'umount2');
  if (libc.unmount(target, UMOUNT_NOFOLLOW | (how === 'lazily' ? MNT_DETACH : 0)) === 0) return true;
  const errno = lastErrno();
  // Not a mount point, or not there at all.
  if (errno === constants.errno.EINVAL || errno === constants.errno.ENOENT) return false;
  throw new SysError(errno, 'umount2', target);
}

const CLONE_NEWNS = 0x20000;
const MS_REC = 0x4000;
const MS_SLAVE = 0x80000;

/**
 * What this thread mounts from now on nobody else sees, and it goes with the process (mount_namespaces(7)); other threads of the process stay where they are, so what
 * is mounted is reached by synchronous calls alone. @throws SysError
 */
export function mountsOfItsOwn(): void {
  check(libc.unshare(CLONE_NEWNS), 'unshare CLONE_NEWNS');
  mount({ source: '', target: '/', type: '', flags: MS_REC | MS_SLAVE, data: '' });
}
