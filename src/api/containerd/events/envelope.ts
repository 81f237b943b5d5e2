import type { StoredEvent } from '../../../supervisor/events/event';
import { Envelope } from '../../gen/containerd/types/envelope';
import type { FieldOf } from '../filter/filter';
import { timestampOf } from '../time';
import { decodePayload } from './payloads';
import { recordPayload } from './record-payloads';
import { taskPayload } from './task-payloads';

/** An event as this API tells it; undefined for what it has no word for. */
export function envelopeOf(event: StoredEvent): Envelope | undefined {
  const { namespace, detail } = event;
  if (event.type === 'published') return detail instanceof Uint8Array ? Envelope.decode(detail) : undefined;
  const payload = taskPayload(event) ?? recordPayload(event);
  if (payload === undefined) return undefined;
  const { topic, typeUrl, value } = payload;
  return { timestamp: timestampOf(event.timestampNs), namespace, topic, event: { type_url: typeUrl, value: Buffer.from(value) } };
}

/** What filters see of an event: `namespace`, `topic`, and `event.` with a text field of its payload. */
export function fieldsOf({ namespace, topic, event }: Envelope): FieldOf {
  let decoded: { readonly payload: unknown } | undefined;
  return ([first, ...path]) => {
    if (path.length === 0) return first === 'namespace' ? namespace : first === 'topic' ? topic : undefined;
    if (first !== 'event' || event === undefined) return undefined;
    decoded ??= { payload: decodePayload(event.type_url, event.value) };
    return fieldOf(decoded.payload, path);
  };
}

function fieldOf(value: unknown, [first = '', ...rest]: readonly string[]): string | undefined {
  if (value instanceof Map) {
    // Labels: their names have dots of their own.
    const label: unknown = value.get([first, ...rest].join('.'));
    return typeof label === 'string' ? label : undefined;
  }
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, first)) return undefined;
  const member = (value as Readonly<Record<string, unknown>>)[first];
  if (rest.length > 0) return fieldOf(member, rest);
  if (typeof member === 'boolean') return String(member);
  return typeof member === 'string' ? member : undefined;
}
