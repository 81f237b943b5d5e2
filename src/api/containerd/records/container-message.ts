import type { ContainerRecord, OpaqueValue } from '../../../records/container-record';
import { withoutEmpty } from '../../../records/labels';
import type { Any } from '../../gen/google/protobuf/any';
import type { Container } from '../../gen/containerd/services/containers/v1/containers';
import type { FieldOf } from '../filter/filter';
import { timestampOf } from '../time';

/** A record as the message. */
export function containerMessage(record: ContainerRecord): Container {
  return {
    id: record.id,
    labels: new Map(record.labels),
    image: record.image,
    runtime: { name: record.runtime.name, options: anyOf(record.runtime.options) },
    spec: anyOf(record.spec),
    snapshotter: record.snapshotter,
    snapshot_key: record.snapshotKey,
    created_at: timestampOf(record.createdNs),
    updated_at: timestampOf(record.updatedNs),
    extensions: new Map([...record.extensions].map(([name, { type, value }]) => [name, { type_url: type, value }])),
    sandbox: record.sandbox,
  };
}

/** A client's message as the record; its times are not the client's to say. */
export function recordOf(message: Container, createdNs: bigint, updatedNs: bigint): ContainerRecord {
  return {
    id: message.id,
    labels: withoutEmpty(message.labels),
    image: message.image,
    runtime: { name: message.runtime?.name ?? '', options: opaqueOf(message.runtime?.options) },
    spec: opaqueOf(message.spec),
    snapshotter: message.snapshotter,
    snapshotKey: message.snapshot_key,
    sandbox: message.sandbox,
    extensions: new Map([...message.extensions].map(([name, { type_url: type, value }]) => [name, { type, value }])),
    createdNs,
    updatedNs,
  };
}

/** What filters may ask of a container. */
export function containerFields(record: ContainerRecord): FieldOf {
  return ([first, ...rest]) => {
    switch (first) {
      case 'id':
        return rest.length === 0 ? record.id : undefined;
      case 'image':
        return rest.length === 0 ? record.image : undefined;
      case 'runtime':
        return rest.length === 1 && rest[0] === 'name' ? record.runtime.name : undefined;
      case 'labels':
        return record.labels.get(rest.join('.'));
      case undefined:
      default:
        return undefined;
    }
  };
}

export function anyOf(value: OpaqueValue | undefined): Any | undefined {
  return value === undefined ? undefined : { type_url: value.type, value: value.value };
}

function opaqueOf(any: Any | undefined): OpaqueValue | undefined {
  return any === undefined ? undefined : { type: any.type_url, value: any.value };
}
