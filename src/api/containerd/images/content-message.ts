import type { ContentInfo, IngestStatus } from '../../../images/content/content-store';
import type { Info, Status } from '../../gen/containerd/services/content/v1/content';
import type { FieldOf } from '../filter/filter';
import { timestampOf } from '../time';

export function infoMessage({ digest, size, labels, createdNs, updatedNs }: ContentInfo): Info {
  return { digest, size: BigInt(size), created_at: timestampOf(createdNs), updated_at: timestampOf(updatedNs), labels: new Map(labels) };
}

export function statusMessage({ ref, offset, total, expected, startedNs, updatedNs }: IngestStatus): Status {
  return { ref, offset: BigInt(offset), total: BigInt(total), expected, started_at: timestampOf(startedNs), updated_at: timestampOf(updatedNs) };
}

/** What filters may ask of a blob. */
export function contentFields({ digest, labels }: ContentInfo): FieldOf {
  return ([first, ...rest]) => {
    if (first === 'digest') return rest.length === 0 ? digest : undefined;
    return first === 'labels' ? labels.get(rest.join('.')) : undefined;
  };
}

/** What filters may ask of a blob on its way. */
export function ingestFields({ ref }: IngestStatus): FieldOf {
  return ([first, ...rest]) => (first === 'ref' && rest.length === 0 ? ref : undefined);
}
