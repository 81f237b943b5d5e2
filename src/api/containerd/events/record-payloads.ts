import type { StoredEvent } from '../../../supervisor/events/event';
import * as containers from '../../gen/containerd/events/container';
import * as content from '../../gen/containerd/events/content';
import * as images from '../../gen/containerd/events/image';
import * as namespaces from '../../gen/containerd/events/namespace';
import * as snapshots from '../../gen/containerd/events/snapshot';
import type { Payload } from './task-payloads';

type Detail = Readonly<Record<string, unknown>>;

/** An event of a record as this API tells it; undefined for any other. Its message is in the log as JSON, in the names of the API. */
export function recordPayload({ type, detail }: StoredEvent): Payload | undefined {
  const known = records[type];
  if (known === undefined || detail === undefined || detail instanceof Uint8Array) return undefined;
  const { topic, typeUrl, encode } = known;
  return { topic, typeUrl, value: encode(detail) };
}

interface RecordType {
  readonly topic: string;
  readonly typeUrl: string;
  encode(detail: Detail): Uint8Array;
}

interface Codec {
  fromPartial(message: object): unknown;
  encode(message: never): { finish(): Uint8Array };
}

const records: Readonly<Record<string, RecordType>> = {
  'container-create': recordType('/containers/create', 'containerd.events.ContainerCreate', containers.ContainerCreate),
  'container-update': recordType('/containers/update', 'containerd.events.ContainerUpdate', containers.ContainerUpdate),
  'container-delete': recordType('/containers/delete', 'containerd.events.ContainerDelete', containers.ContainerDelete),
  'namespace-create': recordType('/namespaces/create', 'containerd.events.NamespaceCreate', namespaces.NamespaceCreate),
  'namespace-update': recordType('/namespaces/update', 'containerd.events.NamespaceUpdate', namespaces.NamespaceUpdate),
  'namespace-delete': recordType('/namespaces/delete', 'containerd.events.NamespaceDelete', namespaces.NamespaceDelete),
  'content-delete': recordType('/content/delete', 'containerd.events.ContentDelete', content.ContentDelete),
  'snapshot-prepare': recordType('/snapshot/prepare', 'containerd.events.SnapshotPrepare', snapshots.SnapshotPrepare),
  'snapshot-commit': recordType('/snapshot/commit', 'containerd.events.SnapshotCommit', snapshots.SnapshotCommit),
  'snapshot-remove': recordType('/snapshot/remove', 'containerd.events.SnapshotRemove', snapshots.SnapshotRemove),
  // Of another package than all the others.
  'image-create': recordType('/images/create', 'containerd.services.images.v1.ImageCreate', images.ImageCreate),
  'image-update': recordType('/images/update', 'containerd.services.images.v1.ImageUpdate', images.ImageUpdate),
  'image-delete': recordType('/images/delete', 'containerd.services.images.v1.ImageDelete', images.ImageDelete),
};

function recordType(topic: string, typeUrl: string, codec: Codec): RecordType {
  return { topic, typeUrl, encode: (detail) => codec.encode(codec.fromPartial(partialOf(detail)) as never).finish() };
}

/** What JSON has no word for: labels are a map, and the bytes of a runtime's options are base64. */
function partialOf({ labels, runtime, ...others }: Detail): object {
  return {
    ...others,
    ...(labels === undefined ? {} : { labels: new Map(Object.entries(labels as Record<string, string>)) }),
    ...(runtime === undefined ? {} : { runtime: runtimeOf(runtime as RuntimeDetail) }),
  };
}

interface RuntimeDetail {
  readonly name: string;
  readonly options?: { readonly type_url: string; readonly value: string };
}

function runtimeOf({ name, options }: RuntimeDetail): object {
  return options === undefined ? { name } : { name, options: { type_url: options.type_url, value: Buffer.from(options.value, 'base64') } };
}
