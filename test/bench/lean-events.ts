import { APIService, EventsRequest } from '../../src/api/gen/legacy/api';
import { within } from '../support/deadline';
import { LeanConnection } from './lean-connection';

/** A subscription to Events for latencies: it looks at exits alone, each of which has a name of its own here. */
export class LeanEvents {
  readonly #seen = new Set<string>();
  readonly #awaited = new Map<string, () => void>();
  readonly #connection: LeanConnection;
  #broken: Error | undefined;

  private constructor(socketPath: string) {
    this.#connection = new LeanConnection(socketPath);
  }

  /** Resolves when the daemon has sent its response headers: each exit from then on is seen. */
  static async open(socketPath: string): Promise<LeanEvents> {
    const events = new LeanEvents(socketPath);
    const request = EventsRequest.fromPartial({});
    const opened = events.#connection.stream(
      APIService.events,
      request,
      ({ type, id, pid }) => { if (type === 'exit') events.#exited(nameOf(id, pid)); },
      (error) => (events.#broken = error ?? new Error('the event stream ended')),
    );
    await within(opened, 'the headers of the event stream');
    return events;
  }

  /** The exit of a process, seen already or still to come. */
  async untilExit(id: string, processId = 'init'): Promise<void> {
    const name = nameOf(id, processId);
    if (this.#seen.has(name)) return;
    if (this.#broken !== undefined) throw this.#broken;
    await within(new Promise<void>((resolve) => this.#awaited.set(name, resolve)), `exit of ${processId} of ${id}`);
  }

  close(): void {
    this.#connection.close();
  }

  #exited(name: string): void {
    this.#seen.add(name);
    this.#awaited.get(name)?.();
    this.#awaited.delete(name);
  }
}

function nameOf(id: string, processId: string): string {
  return `${id}/${processId}`;
}
