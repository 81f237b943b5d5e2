import type { Logger } from '../../../runtime/logger';
import type { EventPublisher } from '../../../supervisor/events/event-publisher';
import { type EventsServer, EventsService } from '../../gen/containerd/services/events/v1/events';
import { unary } from '../../call';
import { statusOf } from '../status';
import { forward, publish } from './publish';
import { EnvelopeStream } from './subscribe';

export { EventsService };

/** The service `containerd.services.events.v1.Events`. */
export function eventsService(publisher: EventPublisher, log: Logger): EventsServer {
  return {
    publish: unary({ name: 'Events/Publish', log, changes: false, statusOf }, publish(publisher)),
    forward: unary({ name: 'Events/Forward', log, changes: false, statusOf }, forward(publisher)),
    subscribe: (stream) => { EnvelopeStream.serve(stream, publisher); },
  };
}
