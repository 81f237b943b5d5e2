import type { Labels } from '../../records/labels';
import type { Mount } from '../mount';

export type SnapshotKind = 'active' | 'view' | 'committed';

export interface SnapshotInfo {
  /** The key of one that is active or a view; the name of a committed one. */
  readonly name: string;
  /** Empty for none. */
  readonly parent: string;
  readonly kind: SnapshotKind;
  readonly labels: Labels;
  /** Nanoseconds since 1970. */
  readonly createdNs: bigint;
  readonly updatedNs: bigint;
}

export interface SnapshotUsage {
  /** Bytes on the disk, without what its parents have. */
  readonly size: number;
  readonly inodes: number;
}

export interface SnapshotOptions {
  readonly labels?: Labels;
  /** The lease that keeps it. `not-found` where it is not there. */
  readonly lease?: string | undefined;
}

/** Layers of files, each upon its parent. Keys are any text, by namespace. It tells how to mount them, and mounts nothing. */
export interface Snapshotter {
  /** As clients know it: `overlayfs`, `native`. */
  readonly name: string;
  /** A writable one upon a committed one, or upon nothing. @param parent empty for none @throws ImagesError `exists`, `not-found`, `invalid` */
  prepare(namespace: string, key: string, parent: string, options?: SnapshotOptions): Promise<readonly Mount[]>;
  /** One that cannot be written. @throws as prepare does */
  view(namespace: string, key: string, parent: string, options?: SnapshotOptions): Promise<readonly Mount[]>;
  /** Makes an active one what others can be made upon; its key is gone. @throws ImagesError `exists`, `not-found`, `precondition` */
  commit(namespace: string, name: string, key: string, options?: SnapshotOptions): Promise<void>;
  /** @throws ImagesError `not-found`, `precondition` where another has it for a parent */
  remove(namespace: string, key: string): Promise<void>;
  /** @throws ImagesError `not-found`, `precondition` for a committed one */
  mounts(namespace: string, key: string): readonly Mount[];
  /** @throws ImagesError `not-found` */
  stat(namespace: string, key: string): SnapshotInfo;
  /** By name. */
  list(namespace: string): readonly SnapshotInfo[];
  /** Of a committed one as it was then; of an active one as it is now. @throws ImagesError `not-found` */
  usage(namespace: string, key: string): Promise<SnapshotUsage>;
  /** Whether its directory is still there: they vanish by other hands than ours. @throws ImagesError `not-found` */
  hasFiles(namespace: string, key: string): Promise<boolean>;
  /** Gives a committed one, whose directory has vanished, that of an active one, whose key is gone then. @throws ImagesError `not-found` */
  restoreFiles(namespace: string, name: string, key: string): Promise<void>;
  /** @param names the labels that are changed; undefined: all @throws ImagesError `not-found` */
  updateLabels(namespace: string, key: string, labels: Labels, names: readonly string[] | undefined): Promise<SnapshotInfo>;
}
