import type { Event } from '../../api/gen/api';
import { formatMoment, type Moment } from './timestamp';

/** When an event happened; the oldest daemons write whole seconds only. */
export function eventMoment(event: Event): Moment {
  return event.timestamp ?? { seconds: event.seconds, nanos: 0 };
}

/** The original `ctr` pads its columns to 31, the length of a date with nanoseconds and one space. */
const COLUMN = 31;

function columns(...cells: readonly string[]): string {
  // A cell that is too long pushes the rest on, but stays apart from it.
  return cells.map((cell, at) => (at === cells.length - 1 ? cell : `${cell} `.padEnd(COLUMN))).join('');
}

export const eventHeader = columns('TIME', 'TYPE', 'ID', 'PID', 'STATUS');

/** One event as a line of `ctr events`. */
export function eventLine(event: Event): string {
  return columns(formatMoment(eventMoment(event)), event.type, event.id, event.pid, String(event.status));
}

/** One event as one line of JSON; `pid` and `status` only where the event has them. */
export function eventJson(event: Event): string {
  return JSON.stringify({
    time: formatMoment(eventMoment(event)),
    type: event.type,
    id: event.id,
    ...(event.pid === '' ? {} : { pid: event.pid }),
    ...(event.type === 'exit' ? { status: event.status } : {}),
  });
}
