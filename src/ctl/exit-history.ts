import { INIT, type DaemonClient } from './daemon-client';
import { eventMoment } from './text/event-line';
import type { Moment } from './text/timestamp';

export interface PastExit {
  readonly at: Moment;
  /** The exit code, 128 + signal, or 255 where nobody knows. */
  readonly status: number;
}

/**
 * How containers ended, by name: the last stored exit of each init process, unless the container
 * was started again after it. With `id`, of that one only. The daemon keeps a bounded number of
 * events, so an old end may be forgotten.
 */
export async function pastExits(daemon: DaemonClient, id = ''): Promise<Map<string, PastExit>> {
  const exits = new Map<string, PastExit>();
  // The earliest time that no server can take for "no time given".
  const timestamp = { seconds: 0n, nanos: 1 };
  const stream = await daemon.events({ storedOnly: true, timestamp, id });
  for await (const event of stream) {
    if (event.type === 'start-container') exits.delete(event.id);
    if (event.type === 'exit' && event.pid === INIT) {
      exits.set(event.id, { at: eventMoment(event), status: event.status });
    }
  }
  return exits;
}
