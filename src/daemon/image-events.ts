import { recordEvent } from '../api/containerd/records/face';
import type { LibraryParts } from '../images/library/library';
import type { EventPublisher } from '../supervisor/events/event-publisher';

/** Tells subscribers of images that holdfastctl has loaded, pulled or removed, as the containerd API does of those of its own clients. */
export function imageEvents(publisher: EventPublisher, namespace: string): LibraryParts['onChange'] {
  return (change, { name, labels }) => {
    publisher.tell(recordEvent(`image-${change}`, namespace, '', change === 'delete' ? { name } : { name, labels: Object.fromEntries(labels) }));
  };
}
