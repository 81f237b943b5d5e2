import type { ContainerRecord } from '../../../records/container-record';
import { updatedLabels } from '../../../records/labels';
import { classError } from '../errors';

/**
 * The record after an update of the fields that the mask names; without one all that may change are replaced.
 * @throws FaceError for a field that cannot be changed
 */
export function updatedContainer(before: ContainerRecord, after: ContainerRecord, mask: readonly string[]): ContainerRecord {
  if (mask.length === 0) return replaced(before, after);
  let record = before;
  for (const path of mask) record = { ...record, ...change(record, after, path) };
  return record;
}

function replaced(before: ContainerRecord, after: ContainerRecord): ContainerRecord {
  if (after.snapshotter !== before.snapshotter) throw classError('invalid-argument', 'container.Snapshotter field is immutable');
  if (after.runtime.name !== before.runtime.name) throw classError('invalid-argument', 'container.Runtime.Name field is immutable');
  const { spec, extensions, image, snapshotKey } = after;
  return { ...before, labels: updatedLabels(before.labels, after.labels, undefined), spec, extensions, image, snapshotKey };
}

function change(record: ContainerRecord, after: ContainerRecord, path: string): Partial<ContainerRecord> {
  const dot = path.indexOf('.');
  const [field, key] = dot < 0 ? [path] : [path.slice(0, dot), path.slice(dot + 1)];
  if (field === 'labels') return { labels: updatedLabels(record.labels, after.labels, key === undefined ? undefined : [key]) };
  if (field === 'extensions') return { extensions: key === undefined ? after.extensions : withExtension(record, after, key) };
  if (path === 'spec') return { spec: after.spec };
  if (path === 'image') return { image: after.image };
  // As clients of this API write it, without an underscore.
  if (path === 'snapshotkey') return { snapshotKey: after.snapshotKey };
  throw classError('invalid-argument', `cannot update ${JSON.stringify(path)} field on ${JSON.stringify(record.id)}`);
}

function withExtension(record: ContainerRecord, after: ContainerRecord, key: string): ContainerRecord['extensions'] {
  const extensions = new Map(record.extensions);
  const value = after.extensions.get(key);
  if (value === undefined) extensions.delete(key);
  else extensions.set(key, value);
  return extensions;
}
