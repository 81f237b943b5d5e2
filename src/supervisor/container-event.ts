import type { ContainerEntry } from './container';
import { type ContainerKey, nameOf } from '../runtime/state-dir/container-key';
import type { EventType, NewEvent } from './events/event';

/** What an event says beside its container and its type. */
type About = Partial<Omit<NewEvent, 'type' | 'namespace' | 'containerId'>>;

/** An event of a container. */
export function eventOf({ id }: ContainerEntry, type: EventType, about: About = {}): NewEvent {
  return { type, ...whose(id), processId: '', status: 0, startKey: '', ...about };
}

/** A container as the log names it. */
export function whose(key: ContainerKey): Required<Pick<NewEvent, 'namespace' | 'containerId'>> {
  const { namespace, id } = nameOf(key);
  return { namespace, containerId: id };
}
