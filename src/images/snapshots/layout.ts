import { join } from 'node:path';
import type { Mount } from '../mount';

/** What is mounted of a snapshot. */
export interface ToMount {
  /** Its own directory. */
  readonly own: string;
  /** Its parents' directories, the nearest first. */
  readonly parents: readonly string[];
  readonly isWritable: boolean;
}

/** How one snapshotter lays its directories out, and has them mounted. */
export interface SnapshotLayout {
  /** As clients know it; its directory is named by it. */
  readonly name: string;
  /** Directories in one of a snapshot; the files are in the first, or in the snapshot's own where there is none. */
  parts(isWritable: boolean): readonly { readonly name: string; readonly mode: number }[];
  /** Where the files of a snapshot are. */
  filesOf(directory: string): string;
  mounts(what: ToMount): readonly Mount[];
  /** A writable one begins with a copy of its parent's files. */
  readonly copiesParent: boolean;
}

/** What the kernel of this host has overlayfs mounted with: `index=off` where it knows the option, `userxattr` in a user namespace. */
export interface OverlayOptions {
  readonly hasIndex: boolean;
  readonly isInUserNamespace: boolean;
}

/** Each snapshot has what is other than in its parents, and the kernel lays them upon each other. */
export function overlayLayout({ hasIndex, isInUserNamespace }: OverlayOptions): SnapshotLayout {
  const common = [...(hasIndex ? ['index=off'] : []), ...(isInUserNamespace ? ['userxattr'] : [])];
  const filesOf = (directory: string): string => join(directory, 'fs');
  const files = { name: 'fs', mode: 0o755 };
  return {
    name: 'overlayfs',
    copiesParent: false,
    parts: (isWritable) => (isWritable ? [files, { name: 'work', mode: 0o711 }] : [files]),
    filesOf,
    mounts({ own, parents, isWritable }) {
      const [nearest, ...others] = parents;
      if (nearest === undefined) return [bind(filesOf(own), isWritable)];
      if (!isWritable && others.length === 0) return [bind(filesOf(nearest), false)];
      const upper = isWritable ? [`workdir=${join(own, 'work')}`, `upperdir=${filesOf(own)}`] : [];
      return [{ type: 'overlay', source: 'overlay', options: [...common, ...upper, `lowerdir=${parents.map(filesOf).join(':')}`] }];
    },
  };
}

/** Each writable snapshot is a whole copy: for file systems that overlayfs cannot be upon. */
export const nativeLayout: SnapshotLayout = {
  name: 'native',
  copiesParent: true,
  parts: () => [],
  filesOf: (directory) => directory,
  mounts({ own, parents: [nearest], isWritable }) {
    const { options, ...mount } = bind(isWritable || nearest === undefined ? own : nearest, isWritable);
    // In the order in which containerd's has them.
    return [{ ...mount, options: [...options].reverse() }];
  },
};

function bind(source: string, isWritable: boolean): Mount {
  return { type: 'bind', source, options: [isWritable ? 'rw' : 'ro', 'rbind'] };
}
