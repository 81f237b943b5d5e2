import { mount, unmount } from '../../sys/files/mount';
import type { MountAsked } from './errands';
import { shortLowerDirectories } from './lower-directories';

// linux/mount.h
const MS_RDONLY = 0x1;
const MS_NOSUID = 0x2;
const MS_NODEV = 0x4;
const MS_NOEXEC = 0x8;
const MS_SYNCHRONOUS = 0x10;
const MS_REMOUNT = 0x20;
const MS_MANDLOCK = 0x40;
const MS_DIRSYNC = 0x80;
const MS_NOATIME = 0x400;
const MS_NODIRATIME = 0x800;
const MS_BIND = 0x1000;
const MS_REC = 0x4000;
const MS_UNBINDABLE = 0x20000;
const MS_PRIVATE = 0x40000;
const MS_SLAVE = 0x80000;
const MS_SHARED = 0x100000;
const MS_RELATIME = 0x200000;
const MS_STRICTATIME = 0x1000000;

/** mount(8)'s options that are flags of mount(2): what each sets and takes away. All else is the file system's own. */
const FLAGS: ReadonlyMap<string, { readonly set?: number; readonly clear?: number }> = new Map([
  ['defaults', {}],
  ['async', { clear: MS_SYNCHRONOUS }],
  ['atime', { clear: MS_NOATIME }],
  ['bind', { set: MS_BIND }],
  ['dev', { clear: MS_NODEV }],
  ['diratime', { clear: MS_NODIRATIME }],
  ['dirsync', { set: MS_DIRSYNC }],
  ['exec', { clear: MS_NOEXEC }],
  ['mand', { set: MS_MANDLOCK }],
  ['noatime', { set: MS_NOATIME }],
  ['nodev', { set: MS_NODEV }],
  ['nodiratime', { set: MS_NODIRATIME }],
  ['noexec', { set: MS_NOEXEC }],
  ['nomand', { clear: MS_MANDLOCK }],
  ['norelatime', { clear: MS_RELATIME }],
  ['nostrictatime', { clear: MS_STRICTATIME }],
  ['nosuid', { set: MS_NOSUID }],
  ['rbind', { set: MS_BIND | MS_REC }],
  ['relatime', { set: MS_RELATIME }],
  ['remount', { set: MS_REMOUNT }],
  ['ro', { set: MS_RDONLY }],
  ['rw', { clear: MS_RDONLY }],
  ['strictatime', { set: MS_STRICTATIME }],
  ['suid', { clear: MS_NOSUID }],
  ['sync', { set: MS_SYNCHRONOUS }],
]);

/** How changes of one mount reach others (mount_namespaces(7)): a call of its own each. */
const PROPAGATIONS: ReadonlyMap<string, number> = new Map([
  ['private', MS_PRIVATE],
  ['rprivate', MS_PRIVATE | MS_REC],
  ['shared', MS_SHARED],
  ['rshared', MS_SHARED | MS_REC],
  ['slave', MS_SLAVE],
  ['rslave', MS_SLAVE | MS_REC],
  ['unbindable', MS_UNBINDABLE],
  ['runbindable', MS_UNBINDABLE | MS_REC],
]);

/** What a mount's options come to. */
export interface MountCall {
  readonly flags: number;
  readonly propagations: readonly number[];
  /** For the file system itself, joined by commas. */
  readonly data: string;
}

/** @param options as mount(8)'s `-o`, one or more in each */
export function mountCallOf(options: readonly string[]): MountCall {
  let flags = 0;
  const propagations: number[] = [];
  const data: string[] = [];
  for (const option of options) {
    const flag = FLAGS.get(option);
    const propagation = PROPAGATIONS.get(option);
    if (flag !== undefined) flags = (flags & ~(flag.clear ?? 0)) | (flag.set ?? 0);
    else if (propagation !== undefined) propagations.push(propagation);
    else data.push(option);
  }
  return { flags, propagations, data: data.join(',') };
}

/** Mounts them on each other in their order: all of them, or none. @throws SysError naming what was to be mounted */
export function mountAll(mounts: readonly MountAsked[], target: string): void {
  let mounted = 0;
  try {
    for (const asked of mounts) {
      mountOne(asked, target, () => { mounted += 1; });
    }
  } catch (error) {
    for (; mounted > 0; mounted -= 1) unmount(target, 'lazily');
    throw error;
  }
}

/** Undoes every mount on `target`, with those below it; none is fine. @throws SysError */
export function unmountAll(target: string): void {
  // Lazily: what still uses it keeps it for itself, and a server that does not answer is not asked.
  while (unmount(target, 'lazily'));
}

function mountOne({ type, source, options }: MountAsked, target: string, onMounted: () => void): void {
  const { flags, propagations, data: asked } = mountCallOf(options);
  const { data, directory } = type === 'overlay' ? shortLowerDirectories(asked) : { data: asked, directory: undefined };
  if (directory === undefined) mount({ source, target, type, flags, data });
  else inDirectory(directory, () => { mount({ source, target, type, flags, data }); });
  onMounted();
  // A bind mount takes the flags of what it is of, unless they are set on it afterwards (mount(2)).
  const own = flags & ~(MS_BIND | MS_REC);
  if ((flags & MS_BIND) !== 0 && own !== 0) mount({ source, target, type, flags: flags | MS_REMOUNT, data });
  for (const propagation of propagations) mount({ source: '', target, type: '', flags: propagation, data: '' });
}

/** This is a process of one thread that names no other file by a relative path. */
function inDirectory(directory: string, act: () => void): void {
  const before = process.cwd();
  process.chdir(directory);
  try {
    act();
  } finally {
    process.chdir(before);
  }
}
