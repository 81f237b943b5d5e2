import { mkdirSync, readFileSync } from 'node:fs';
import { mountAll } from '../../../runtime/foreign/mounts';
import { mountsOfItsOwn } from '../../../sys/files/mount';
import { RootedDirectory } from '../../../sys/files/rooted-directory';
import type { Mount } from '../../mount';
import type { Mode } from '../apply/unpacker';

/** Where a layer is unpacked. Its directories are to be closed. */
export interface Target {
  readonly root: RootedDirectory;
  readonly mode: Mode;
  /** Nearest first. */
  readonly lower: readonly RootedDirectory[];
  /** Something was mounted to show it. */
  readonly hasMounts: boolean;
}

/**
 * Opens what mounts show, for writing. Of an overlay this is the upper directory itself, in overlayfs' own form; a single directory is opened as it is; all else is
 * mounted where nobody else sees it. @throws SysError
 */
export function openTarget(mounts: readonly Mount[], place: string): Target {
  const [only] = mounts;
  if (mounts.length === 1 && only?.type === 'overlay' && !isInUserNamespace()) {
    const upper = optionOf(only, 'upperdir');
    if (upper !== undefined) return { root: RootedDirectory.open(upper), mode: 'overlay', lower: lowerOf(only).map((path) => RootedDirectory.open(path)), hasMounts: false };
  }
  return { root: openShown(mounts, place, 'writing'), mode: 'plain', lower: [], hasMounts: single(mounts, 'writing') === undefined };
}

/** Opens what mounts show. None: an empty directory. @throws SysError */
export function openShown(mounts: readonly Mount[], place: string, what: 'reading' | 'writing'): RootedDirectory {
  const directory = single(mounts, what);
  if (directory !== undefined) return RootedDirectory.open(directory.source);
  mkdirSync(place, { recursive: true, mode: 0o700 });
  if (mounts.length > 0) {
    mountsOfItsOwn();
    mountAll(mounts, place);
  }
  return RootedDirectory.open(place);
}

/** The directory that they show as it is. To read what is there it need not be mounted; to write upon what may only be read is to fail. */
function single(mounts: readonly Mount[], what: 'reading' | 'writing'): Mount | undefined {
  const [only] = mounts;
  return mounts.length === 1 && only !== undefined && isBind(only) && (what === 'reading' || !only.options.includes('ro')) ? only : undefined;
}

/** A value of an overlay's options. */
export function optionOf({ options }: Mount, name: string): string | undefined {
  return options.find((option) => option.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** Nearest first; a colon within a path has a backslash before it (Documentation/filesystems/overlayfs.rst). */
export function lowerOf(mount: Mount): string[] {
  const lower = optionOf(mount, 'lowerdir') ?? '';
  return lower.split(/(?<!\\):/).map((path) => path.replaceAll(/\\(.)/g, '$1')).filter((path) => path !== '');
}

export function isBind({ type, options }: Mount): boolean {
  return type === 'bind' || options.includes('bind') || options.includes('rbind');
}

/** user_namespaces(7): the first one maps every id to itself. */
export function isInUserNamespace(): boolean {
  return !/^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'latin1'));
}
