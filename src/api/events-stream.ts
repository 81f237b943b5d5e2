import { type ServerWritableStream, Metadata } from '@grpc/grpc-js';
import type { EventPublisher, Told } from '../supervisor/event-publisher';
import { SupervisorError } from '../supervisor/errors';
import { containerId } from './check';
import { RequestError } from './errors';
import type { Event, EventsRequest } from './gen/api';
import { eventMessage } from './messages';
import { statusOf } from './status';

/** Events that are read from the log in one go. */
const batch = 256;
const nsPerSecond = 1_000_000_000n;

type Stream = ServerWritableStream<EventsRequest, Event>;

/**
 * Events: a subscriber is a cursor in the log. It reads on as fast as it takes what
 * it is sent, and is woken when there is more; one that falls behind what the log
 * retains gets an error, not silence.
 */
export class EventsStream {
  #cursorNs: bigint;
  /** Where history began before this subscriber came: what was dropped until then is not missed. */
  readonly #sinceNs: bigint;
  #pumping = false;
  #again = false;
  #ended = false;
  readonly #unsubscribe: () => void;

  private constructor(
    private readonly stream: Stream,
    private readonly publisher: EventPublisher,
    private readonly id: string,
    fromNs: bigint | undefined,
    private readonly storedOnly: boolean,
  ) {
    this.#sinceNs = publisher.log.trimmedThroughNs;
    this.#cursorNs = startOf(fromNs, publisher.log.lastNs);
    this.#unsubscribe = publisher.subscribe((told) => { this.#take(told); });
    // A client that dies is gone at once, with its cursor.
    for (const gone of ['cancelled', 'close', 'error'] as const) stream.on(gone, () => { this.#end(); });
    stream.on('drain', () => { this.#pump(); });
  }

  /** Serves one call of Events. Response headers go out at once, before the first event. */
  static serve(stream: Stream, publisher: EventPublisher): void {
    try {
      const { id, storedOnly } = stream.request;
      if (id !== '') containerId(id);
      const fromNs = fromOf(stream.request);
      if (storedOnly && fromNs === undefined) {
        throw new RequestError('invalid parameter: StoredOnly cannot be specified without setting a valid Timestamp', 'timestamp');
      }
      const events = new EventsStream(stream, publisher, id, fromNs, storedOnly);
      stream.sendMetadata(new Metadata());
      events.#pump();
    } catch (error) {
      // grpc-js sends a status where the stream emits an error, not where it is destroyed with one.
      stream.emit('error', statusOf(error));
    }
  }

  /** Sends an event as it is told to who has read all before it; whoever has not reads on in the log. */
  #take({ event, afterNs }: Told): void {
    if (this.#pumping || this.#ended || this.#cursorNs !== afterNs || this.stream.writableNeedDrain) {
      this.#pump();
      return;
    }
    this.#cursorNs = event.timestampNs;
    try {
      if (this.id === '' || this.id === event.containerId) this.stream.write(eventMessage(event));
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Sends what there is, until the client's window is full or the log is read through. */
  #pump(): void {
    if (this.#pumping || this.#ended) {
      this.#again = true;
      return;
    }
    this.#pumping = true;
    try {
      do this.#again = false;
      while (this.#sendBatch() && !this.#ended);
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#pumping = false;
    }
  }

  /** @returns whether to go on */
  #sendBatch(): boolean {
    const { log } = this.publisher;
    if (this.stream.writableNeedDrain) return false;
    if (this.#cursorNs < log.trimmedThroughNs && log.trimmedThroughNs > this.#sinceNs) {
      throw new SupervisorError('fell-behind', {});
    }
    const throughNs = log.lastNs;
    const events = log.after(this.#cursorNs, batch, this.id);
    for (const event of events) this.stream.write(eventMessage(event));
    const last = events.at(-1);
    if (events.length === batch && last !== undefined) {
      this.#cursorNs = last.timestampNs;
      return true;
    }
    // Read through: also past the events of other containers, which are not missed.
    if (throughNs > this.#cursorNs) this.#cursorNs = throughNs;
    if (this.storedOnly) {
      this.#end();
      this.stream.end();
    }
    return this.#again;
  }

  #fail(error: unknown): void {
    this.#end();
    this.stream.emit('error', statusOf(error));
  }

  #end(): void {
    this.#ended = true;
    this.#unsubscribe();
  }
}

/** A time to come holds back no live event, and one before 1970 is as good as 1970: both may be any 64 bits. */
function startOf(fromNs: bigint | undefined, lastNs: bigint): bigint {
  if (fromNs === undefined || fromNs > lastNs) return lastNs;
  return fromNs < 0n ? 0n : fromNs;
}

/** From when to replay: field 2, or the deprecated seconds of clients of Docker 1.11. */
function fromOf({ timestamp, seconds }: EventsRequest): bigint | undefined {
  if (timestamp !== undefined) return timestamp.seconds * nsPerSecond + BigInt(timestamp.nanos);
  return seconds > 0n ? seconds * nsPerSecond : undefined;
}
