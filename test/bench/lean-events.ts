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

  /**
   * Each exit from now on is seen. It does not wait for the stream's headers, which the original sends with its first event: what ends before
   * the daemon has the subscription is replayed, as it asks for what is newer than now.
   */
  static open(socketPath: string): LeanEvents {
    const events = new LeanEvents(socketPath);
    const nowMs = Date.now();
    const request = EventsRequest.fromPartial({ timestamp: { seconds: BigInt(Math.floor(nowMs / 1000)), nanos: (nowMs % 1000) * 1e6 } });
    void events.#connection.stream(
      APIService.events,
      request,
      ({ type, id, pid }) => { if (type === 'exit') events.#exited(nameOf(id, pid)); },
      (error) => (events.#broken = error ?? new Error('the event stream ended')),
    );
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
