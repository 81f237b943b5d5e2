import * as containers from '../../gen/containerd/events/container';
import * as content from '../../gen/containerd/events/content';
import * as images from '../../gen/containerd/events/image';
import * as namespaces from '../../gen/containerd/events/namespace';
import * as sandboxes from '../../gen/containerd/events/sandbox';
import * as snapshots from '../../gen/containerd/events/snapshot';
import * as tasks from '../../gen/containerd/events/task';

/** What filters look into. */
interface Decoder {
  decode(bytes: Uint8Array): unknown;
}

const packages: readonly (readonly [name: string, messages: object])[] = [
  ['containerd.events', containers],
  ['containerd.events', content],
  ['containerd.events', namespaces],
  ['containerd.events', sandboxes],
  ['containerd.events', snapshots],
  ['containerd.events', tasks],
  // Of another package than all the others.
  ['containerd.services.images.v1', images],
];

const decoders: ReadonlyMap<string, Decoder> = new Map(
  packages.flatMap(([name, messages]) =>
    Object.entries(messages).flatMap(([message, decoder]: [string, unknown]) => (isDecoder(decoder) ? [[`${name}.${message}`, decoder] as const] : []))),
);

/** The message of an event's payload; undefined where its type is not known here, or it is not one of its type. */
export function decodePayload(typeUrl: string, value: Uint8Array): unknown {
  try {
    // Only what follows the last slash is the type's name: some clients write a prefix.
    return decoders.get(typeUrl.slice(typeUrl.lastIndexOf('/') + 1))?.decode(value);
  } catch {
    return undefined;
  }
}

function isDecoder(value: unknown): value is Decoder {
  return typeof value === 'object' && value !== null && 'decode' in value && typeof value.decode === 'function';
}
