import { nameOf, type ContainerKey } from '../runtime/state-dir/container-key';
import type { EventDetail, ManagedEventType, RequestEventType } from '../supervisor/events/event';
import type { Asked, ProgramParts } from './parts';

/** Tells that somebody has asked for something, or what has become of a program. */
export function tellRequest({ publisher }: ProgramParts, type: RequestEventType | ManagedEventType, key: ContainerKey, { by }: Asked, detail?: EventDetail): void {
  const { namespace, id } = nameOf(key);
  publisher.tell({
    type,
    namespace,
    containerId: id,
    processId: '',
    status: 0,
    startKey: '',
    ...(by === undefined ? {} : { by }),
    ...(detail === undefined ? {} : { detail }),
  });
}
