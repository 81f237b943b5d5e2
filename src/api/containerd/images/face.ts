import type { Metadata } from '@grpc/grpc-js';
import type { ContentStore } from '../../../images/content/content-store';
import type { DiffService } from '../../../images/diff/diff-service';
import type { Snapshotter } from '../../../images/snapshots/snapshotter';
import type { Collecting, RecordsFace } from '../records/face';
import { namespaceOf } from '../namespace';

/** What the services of images are given. */
export interface ImagesFace {
  readonly content: ContentStore;
  /** By name. */
  readonly snapshotters: ReadonlyMap<string, Snapshotter>;
  readonly collector: Collecting;
  readonly diff: DiffService;
}

/** With what they share with the services of records. */
export type ImagesParts = ImagesFace & Pick<RecordsFace, 'records' | 'tell' | 'nowNs'>;

const LEASE_FIELD = 'containerd-lease';

/** The namespace of a call, and the lease that keeps what it makes. @throws FaceError */
export function placeOf(metadata: Metadata): { namespace: string; lease: string | undefined } {
  const [first] = metadata.get(LEASE_FIELD);
  return { namespace: namespaceOf(metadata), lease: typeof first === 'string' && first !== '' ? first : undefined };
}
