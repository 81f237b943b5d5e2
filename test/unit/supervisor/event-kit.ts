import type { NewEvent, RecordedEnd } from '../../../src/supervisor/events/event';

/** The start of a container, as the supervisor writes it. */
export function startOf(containerId: string, startKey = '1:2:3'): NewEvent {
  return { type: 'start-container', containerId, processId: '', status: 0, startKey };
}

/** The end of a container's init process. */
export function endOf(containerId: string, status = 0, startKey = '1:2:3'): RecordedEnd {
  return { containerId, processId: 'init', status, startKey };
}
