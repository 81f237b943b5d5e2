import type { EventPublisher } from '../../../supervisor/events/event-publisher';
import type { Empty } from '../../gen/google/protobuf/empty';
import type { Timestamp } from '../../gen/google/protobuf/timestamp';
import type { ForwardRequest, PublishRequest } from '../../gen/containerd/services/events/v1/events';
import { Envelope } from '../../gen/containerd/types/envelope';
import type { Verb } from '../../call';
import { classError } from '../errors';
import { identifierProblem, namespaceOf } from '../namespace';
import { now } from '../time';

/** Publish: an event of the caller's own, in the namespace of the call's header. */
export function publish(publisher: EventPublisher): Verb<PublishRequest, Empty> {
  return ({ topic, event }, { metadata }) => {
    const namespace = namespaceOf(metadata);
    checkTopic(topic);
    return tell(publisher, { timestamp: now(), namespace, topic, event });
  };
}

/** Forward: one with a time and a namespace of its own. */
export function forward(publisher: EventPublisher): Verb<ForwardRequest, Empty> {
  return ({ envelope }) => {
    if (envelope === undefined) throw classError('invalid-argument', 'envelope must be set');
    const problem = identifierProblem(envelope.namespace);
    if (problem !== undefined) throw classError('invalid-argument', `event envelope has invalid namespace: ${problem}`);
    checkTopic(envelope.topic);
    if (isUnset(envelope.timestamp)) throw classError('invalid-argument', 'timestamp must be set on forwarded event');
    return tell(publisher, envelope);
  };
}

function tell(publisher: EventPublisher, envelope: Envelope): Empty {
  // It kills the original.
  if (envelope.event === undefined) throw classError('invalid-argument', 'event must be set');
  const { namespace } = envelope;
  publisher.mustTell({ type: 'published', namespace, containerId: '', processId: '', status: 0, startKey: '', detail: Envelope.encode(envelope).finish() });
  return {};
}

function checkTopic(topic: string): void {
  const problem = topicProblem(topic);
  if (problem !== undefined) throw classError('invalid-argument', `envelope topic ${JSON.stringify(topic)}: ${problem}`);
}

function topicProblem(topic: string): string | undefined {
  if (topic === '') return 'must not be empty';
  if (!topic.startsWith('/')) return "must start with '/'";
  if (topic === '/') return 'must have at least one component';
  for (const component of topic.slice(1).split('/')) {
    const problem = identifierProblem(component);
    if (problem !== undefined) return `failed validation on component ${JSON.stringify(component)}: ${problem}`;
  }
  return undefined;
}

/** Clients in Go write year 1 where they set none. */
function isUnset(timestamp: Timestamp | undefined): boolean {
  return timestamp === undefined || (timestamp.seconds === -62_135_596_800n && timestamp.nanos === 0);
}
