import { status } from '@grpc/grpc-js';
import type { ClientReadableStream, ServiceError } from '@grpc/grpc-js';

import type { Event, EventsRequest } from '../../src/api/gen/legacy/api';
import type { Timestamp } from '../../src/api/gen/google/protobuf/timestamp';
import type { ApiClient } from './api-client';
import { within } from './deadline';
import { Recorder } from './recorder';
import type { UntilOptions } from './recorder';

/** A subscription to Events that records everything it is told. */
export class EventLogReader {
  readonly #stream: ClientReadableStream<Event>;
  readonly #seen = new Recorder<Event>((event) => `${event.id} ${lineOf(event)}`);
  #closed = false;
  /**
   * Resolves when the stream is over: with undefined after a proper end or {@link close}, else with the
   * error. It never rejects, and it never resolves while the subscription lives.
   */
  readonly ended: Promise<ServiceError | undefined>;

  private constructor(stream: ClientReadableStream<Event>) {
    this.#stream = stream;
    stream.on('data', (event: Event) => {
      this.#seen.add(event);
    });
    this.ended = new Promise((resolve) => {
      stream.on('end', () => {
        this.#seen.end('the event stream ended by itself');
        resolve(undefined);
      });
      stream.on('error', (error: ServiceError) => {
        this.#seen.end(`the event stream ended: ${error.message}`);
        resolve(this.#closed && error.code === status.CANCELLED ? undefined : error);
      });
    });
  }

  /**
   * Subscribes, and resolves when the daemon has sent its response headers: what happens from then on is
   * in the stream. Rejects with the stream's error when it ends before.
   */
  static async open(client: ApiClient, request: Partial<EventsRequest> = {}): Promise<EventLogReader> {
    const stream = client.events(request);
    const reader = new EventLogReader(stream);
    const headers = new Promise<void>((resolve) => {
      stream.once('metadata', () => {
        resolve();
      });
    });
    const refused = reader.ended.then((error) => {
      if (error !== undefined) throw error;
    });
    await within(Promise.race([headers, refused]), 'the headers of the event stream');
    return reader;
  }

  /** Everything that a stored-only request answers, in order. */
  static async stored(client: ApiClient, since: Timestamp, id = ''): Promise<readonly Event[]> {
    const reader = await EventLogReader.open(client, { timestamp: since, storedOnly: true, id });
    const error = await within(reader.ended, 'the end of the stored events');
    if (error !== undefined) throw error;
    return reader.events;
  }

  /** What came so far, in order. */
  get events(): readonly Event[] {
    return this.#seen.items;
  }

  /** How many came so far; as `from` of an `until` it means "from now on". */
  get position(): number {
    return this.#seen.position;
  }

  /** The newest timestamp seen, or 1970: what a client resumes from. */
  get lastTimestamp(): Timestamp {
    return this.events.at(-1)?.timestamp ?? { seconds: 0n, nanos: 0 };
  }

  /** What was told of one container, a line each: `start-container`, `exit init 0`. */
  linesOf(id: string): string[] {
    return this.events.filter((event) => event.id === id).map(lineOf);
  }

  /**
   * The first event that fits, seen already or still to come.
   *
   * @param what names it in the error of a deadline, which also lists what came instead
   */
  until(fits: (event: Event) => boolean, what: string, options?: UntilOptions): Promise<Event> {
    return this.#seen.until(fits, what, options);
  }

  /** The event of that type of that container. */
  untilType(type: string, id: string, options?: UntilOptions): Promise<Event> {
    return this.until((event) => event.type === type && event.id === id, `${type} of ${id}`, options);
  }

  /** The exit of a process; of the container's first where `processId` is left out. */
  untilExit(id: string, processId = 'init', options?: UntilOptions): Promise<Event> {
    const fits = (event: Event): boolean => event.type === 'exit' && event.id === id && event.pid === processId;
    return this.until(fits, `exit of ${processId} of ${id}`, options);
  }

  /** Ends the subscription. May be called twice. */
  close(): void {
    this.#closed = true;
    this.#stream.cancel();
  }
}

/** `exit init 0`, `start-process shell`, `oom`. */
export function lineOf(event: Event): string {
  if (event.type === 'exit') return `exit ${event.pid} ${String(event.status)}`;
  return event.pid === '' ? event.type : `${event.type} ${event.pid}`;
}

/** For comparing: nanoseconds since 1970. */
export function nanosecondsOf(event: Event): bigint {
  return (event.timestamp?.seconds ?? 0n) * 1_000_000_000n + BigInt(event.timestamp?.nanos ?? 0);
}
