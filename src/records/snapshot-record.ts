import type { Labels } from './labels';

/** Which snapshot, of a namespace and snapshotter. */
export interface SnapshotName {
  readonly namespace: string;
  readonly snapshotter: string;
  readonly name: string;
}

/** A snapshot of one namespace and snapshotter. */
export interface SnapshotRecord {
  readonly snapshotter: string;
  readonly name: string;
  /** A committed one's name; empty for none. */
  readonly parent: string;
  readonly kind: 'active' | 'view' | 'committed';
  /** The number that its directory is named by: no other snapshot of this snapshotter has it, in any namespace. */
  readonly directory: number;
  readonly labels: Labels;
  /** Nanoseconds since 1970. */
  readonly createdNs: bigint;
  readonly updatedNs: bigint;
  /** Bytes on the disk, and inodes; measured when it was committed, 0 until then. */
  readonly size: number;
  readonly inodes: number;
}
